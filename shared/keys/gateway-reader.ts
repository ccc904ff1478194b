/**
 * Reading a ring's document from a gateway, over HTTP. What comes is judged by its signature alone, so that a gateway, a
 * cache or a proxy in between can withhold a newer document until the `exp` of the one that is held, and do no more.
 */
import type { RingName } from "../identifiers.ts";
import { KEY_SET_PATH, keySetTag } from "../key-set.ts";
import { startPlatformTimer } from "./deadline.ts";
import { readText } from "./key-set-reader.ts";
import type { KeySetReader, KeySetReading } from "./key-set-reader.ts";

/** What is asked of `fetch`. */
export interface GatewayRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** A redirect is never followed: "error" is unknown to Workers, so that the answer's status is looked at. */
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly cache?: "no-cache";
}

/** What is used of its answer. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** The platform's `fetch`, or a service binding's. */
export type GatewayFetch = (url: string, request: GatewayRequest) => Promise<GatewayResponse>;

/** From the request to the last octet of the answer. A caller waits less: its own deadline is the ladder's. */
export const GATEWAY_READ_DEADLINE_MS = 5000;

/**
 * @param origin scheme and authority of the gateway
 * @param path of the documents of all rings
 */
export function createGatewayReader(
  origin: string,
  ring: RingName,
  fetchKeySet: GatewayFetch,
  path: string = KEY_SET_PATH,
): KeySetReader {
  const url = `${origin}${path}/${ring}`;
  return {
    async read(_cacheTtlSeconds, held) {
      const giveUp = new AbortController();
      const { promise: tooLate, reject } = Promise.withResolvers<never>();
      const cancel = startPlatformTimer(GATEWAY_READ_DEADLINE_MS, () => {
        giveUp.abort();
        reject(new Error("the gateway did not answer in time"));
      });
      try {
        const request = { ...conditionsFor(held), redirect: "manual", signal: giveUp.signal } as const;
        return await Promise.race([fetchKeySet(url, request).then((response) => readingOf(response, held)), tooLate]);
      } finally {
        cancel();
      }
    },
  };
}

/**
 * A browser has a cache of its own, which asks the gateway again; a header that it does not know would cost a preflight
 * (Fetch Standard, "CORS-safelisted request-header"). Elsewhere the text that is held is the cache. Its tag is taken from
 * that text, which was verified, and never from an answer: the tag of the gateway's document beside another text would
 * make the gateway confirm that text from then on.
 */
function conditionsFor(held: string | undefined): Pick<GatewayRequest, "headers" | "cache"> {
  if ("location" in globalThis) return { headers: {}, cache: "no-cache" };
  const condition = held === undefined ? undefined : { "If-None-Match": keySetTag(held) };
  return { headers: { "Cache-Control": "no-cache", ...condition } };
}

async function readingOf(
  { status, headers, body }: GatewayResponse,
  held: string | undefined,
): Promise<KeySetReading | null> {
  const ageSeconds = ageOf(headers.get("age"));
  if (status === 200 && body !== null) return { text: await readText(chunksOf(body)), ageSeconds };
  await body?.cancel();
  if (status === 304 && held !== undefined) return { text: held, ageSeconds };
  if (status === 404) return null;
  throw new Error(`the gateway answered ${status}`);
}

/** The octets of a body. Not every browser can loop over a stream. */
export async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** RFC 9111 section 5.1. Without one, or with several, nothing is known. */
function ageOf(value: string | null): number {
  return value !== null && /^\d{1,10}$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
}
