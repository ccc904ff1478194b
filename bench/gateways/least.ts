/**
 * What the gateway has to do to a request and its answer that the pass-through does not, and nothing else: no framework, no
 * policy, no token, no log. It knows in advance what a gateway finds out. Below this no gateway with these promises can get.
 */
import { originUrl } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

const ORIGIN_TIMEOUT_MS = 30_000;

const known = new Map<string, boolean>();

/** Names are judged once; what is left is to look at each. */
function isUnwanted(name: string): boolean {
  let verdict = known.get(name);
  if (verdict === undefined) {
    verdict = name === "connection" || name.startsWith("x-forwarded-") || name.startsWith("x-sealgate-");
    known.set(name, verdict);
  }
  return verdict;
}

/** Removes what a client may not say, and says it: where the request came from, its name, and who calls. */
function outgoingRequest(request: Request, requestId: string): Request {
  const { headers: received } = request;
  if (received.get("authorization") === null) throw new TypeError("no token");
  const outgoing = new Request(originUrl(request.url), {
    method: request.method,
    headers: received,
    body: request.body,
    redirect: "manual",
    cache: "no-store",
  });
  const { headers } = outgoing;
  for (const name of received.keys()) if (isUnwanted(name)) headers.delete(name);
  headers.set("x-forwarded-host", "127.0.0.1");
  headers.set("x-forwarded-proto", "http");
  headers.set("x-request-id", requestId);
  headers.set("x-sealgate-subject", "user-000001");
  headers.set("x-sealgate-scope", "orders:read orders:write");
  return outgoing;
}

/** The answer, or none after the deadline. */
async function within(work: Promise<Response>): Promise<Response | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ORIGIN_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

const worker: { fetch(request: Request, env: GatewayEnv["Bindings"]): Promise<Response> } = {
  async fetch(request, env) {
    const requestId = crypto.randomUUID();
    const received = await within(env.ORIGIN.fetch(outgoingRequest(request, requestId)));
    if (received === undefined) return new Response(null, { status: 504 });
    const answer = new Response(received.body, received);
    const { headers } = answer;
    if (headers.get("cache-control") === null) headers.set("cache-control", "private");
    headers.set("x-request-id", requestId);
    if (!headers.has("x-content-type-options")) headers.set("x-content-type-options", "nosniff");
    return answer;
  },
};

export default worker;
