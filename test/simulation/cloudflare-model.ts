/**
 * Cloudflare's REST API over the model of KV, as the real publisher's `fetch`: reading one value, the bulk write, at most one
 * write a second, answers that are late or lost, writes that arrive after they were given up, an API that is down.
 * https://developers.cloudflare.com/api/resources/kv/
 */
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Adversity, Host } from "./host.ts";
import type { KvModel, PutDetails } from "./kv-model.ts";
import type { Rng } from "./rng.ts";

export interface CloudflareModelOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kv: KvModel;
  readonly host: Host;
  readonly adversity: () => Adversity;
  /** When a text was composed and how long it takes to arrive. */
  readonly detailsOf: (text: string) => Pick<PutDetails, "composedMs" | "marginMs">;
}

export const NAMESPACE_ID = "0123456789abcdef0123456789abcdef";
export const BASE_URL = "https://api.cloudflare.com/client/v4/accounts/0123456789abcdef0123456789abcdef";

/** A write that was given up arrives within the publisher's deadline or not at all. */
const LATEST_WRITE_MS = 60_000;

const LONGEST_ANSWER_MS = 12_000;

export function createCloudflareModel(
  options: CloudflareModelOptions,
): (url: string, init: RequestInit) => Promise<Response> {
  const { clock, rng, coverage, kv, host, adversity, detailsOf } = options;
  const answer = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response =>
    new Response(body, { status, headers: { date: new Date(clock.nowMs).toUTCString(), ...headers } });
  const refusal = (status: number, code: number): Response =>
    answer(status, JSON.stringify({ success: false, errors: [{ code }], result: null }), {
      "content-type": "application/json",
    });

  function read(): Response {
    const text = kv.readApi();
    return text === undefined
      ? refusal(404, 10_009)
      : answer(200, text, { "content-type": "application/octet-stream" });
  }

  function write(text: string): Response {
    if (clock.nowMs < (kv.writes.at(-1)?.putMs ?? 0) + 1000) {
      coverage.count("writes held back by the limit of one a second");
      return answer(429, "{}", { "retry-after": "1" });
    }
    const details = detailsOf(text);
    const put = (isLate: boolean): void => kv.put(text, { ...details, isLate, process: host });
    if (rng.chance(adversity().lateWrite)) {
      const isLost = rng.chance(0.3);
      coverage.count(isLost ? "lost writes" : "late writes");
      if (!isLost) clock.at(clock.nowMs + rng.between(1000, LATEST_WRITE_MS), () => put(true));
      throw new TypeError("fetch failed");
    }
    put(false);
    const result = { successful_key_count: 1, unsuccessful_keys: [] };
    return answer(200, JSON.stringify({ success: true, errors: [], result }), { "content-type": "application/json" });
  }

  async function serve(init: RequestInit): Promise<Response> {
    if (kv.isCut("api")) {
      coverage.count("calls while the API was down");
      throw new TypeError("fetch failed");
    }
    if (init.method !== "PUT") return read();
    const response = write(valueOf(init.body));
    if (rng.chance(adversity().slow)) await clock.sleep(rng.between(1, LONGEST_ANSWER_MS));
    return response;
  }

  return (_url, init) => {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    init.signal?.addEventListener("abort", () => reject(new TypeError("aborted")), { once: true });
    const served = host.call(
      () => serve(init),
      () => new TypeError("fetch failed"),
    );
    return Promise.race([served, aborted]);
  };
}

/** The one value of a bulk write. */
function valueOf(body: unknown): string {
  const entries: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
  const [entry]: readonly unknown[] = Array.isArray(entries) ? entries : [];
  if (typeof entry === "object" && entry !== null && "value" in entry && typeof entry.value === "string")
    return entry.value;
  throw new TypeError("a bulk write of one value");
}
