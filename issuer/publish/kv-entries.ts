/**
 * One KV entry over the REST API: writing it once and reading it once, with every answer held against what the API
 * documents. Retrying and confirming are in `cloudflare-kv.ts`.
 *
 * https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/bulk_update/
 */
import { isJsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { SealgateError } from "../errors.ts";
import { describeCodes, KEY_NOT_FOUND, MAX_ENVELOPE_BYTES, parseEnvelope, readApiCodes } from "./cloudflare-api.ts";
import type { ApiAnswer, ApiFailure, CloudflareApi } from "./cloudflare-api.ts";

/** The entries of one namespace. `withinMs` is the time that is left for the call. */
export interface KvEntries {
  /** @returns undefined when the API says that exactly this entry was written. */
  put(entry: KvEntry, withinMs: number): Promise<ApiFailure | undefined>;
  get(key: string, withinMs: number): Promise<Result<StoredText, ApiFailure>>;
}

export interface KvEntry {
  readonly key: string;
  readonly value: string;
  /** JSON of at most 1024 bytes; for humans, never trusted. */
  readonly metadata: Readonly<Record<string, number>>;
  /** Seconds, at least 60, after which KV forgets the entry. Never for a key set: a late rotator would become an outage. */
  readonly expiration_ttl?: number;
}

/** What is stored under a key, and what the answer told about the server's clock. */
export interface StoredText {
  /** Undefined when the API has said that the key does not exist. */
  readonly text: string | undefined;
  readonly serverSkewSeconds: number | undefined;
}

/** @param maxValueBytes a longer value is cut there when it is read */
export function createKvEntries(api: CloudflareApi, namespaceId: string, maxValueBytes: number): KvEntries {
  const namespacePath = `/storage/kv/namespaces/${encodeURIComponent(namespaceId)}`;
  return {
    put: async (entry, withinMs) => {
      const path = `${namespacePath}/bulk`;
      const body = JSON.stringify([entry]);
      const sent = await api.send({ method: "PUT", path, body, maxAnswerBytes: MAX_ENVELOPE_BYTES }, withinMs);
      if (!sent.ok) return sent.error;
      const fault = bulkProblem(sent.value);
      return fault === undefined ? undefined : refusal(fault, sent.value);
    },
    get: async (key, withinMs) => {
      const path = `${namespacePath}/values/${encodeURIComponent(key)}`;
      return storedText(await api.send({ method: "GET", path, maxAnswerBytes: maxValueBytes }, withinMs));
    },
  };
}

/** Success means: an envelope that says so, one key written, none left over. */
function bulkProblem({ body }: ApiAnswer): SealgateError | undefined {
  const envelope = parseEnvelope(body);
  if (envelope === undefined) return failed("the answer to the write is not JSON: check that the base URL is a KV API");
  if (envelope["success"] !== true) {
    return failed(`the Cloudflare API answered without success${describeCodes(readApiCodes(envelope))}`);
  }
  const result = envelope["result"];
  if (!isJsonObject(result))
    return failed("the answer to the write has no result: check that the base URL is a KV API");
  const left = result["unsuccessful_keys"] ?? [];
  if (!Array.isArray(left)) return failed("the answer to the write has an unreadable list of unsuccessful keys");
  if (left.length > 0) {
    // "not written successfully to all storage backends and therefore should be retried"
    // (https://developers.cloudflare.com/kv/platform/changelog/, 2024-11-14)
    return failed("the Cloudflare API wrote the key set to a part of its storage only", { retryable: true });
  }
  if (result["successful_key_count"] !== 1) return failed("the Cloudflare API did not count exactly one written key");
  return undefined;
}

function storedText(sent: Result<ApiAnswer, ApiFailure>): Result<StoredText, ApiFailure> {
  if (!sent.ok) {
    const { status, apiCodes, serverSkewSeconds } = sent.error;
    // Only this code says that the key is absent: a 404 from anything else must not look like an empty store.
    const isAbsent = status === 404 && apiCodes.includes(KEY_NOT_FOUND);
    return isAbsent ? ok({ text: undefined, serverSkewSeconds }) : sent;
  }
  const { body, contentType, serverSkewSeconds } = sent.value;
  if (/^text\/html\b/i.test(contentType)) {
    const message = "the Cloudflare API answered a read with HTML: check the base URL and any proxy";
    return err(refusal(failed(message), sent.value));
  }
  // Octets that are not UTF-8 become U+FFFD and a byte order mark stays: neither can pass for a compact JWS.
  return ok({ text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body), serverSkewSeconds });
}

function failed(message: string, options: { readonly retryable?: boolean } = {}): SealgateError {
  return new SealgateError("publish_failed", message, options);
}

/** A failure that was answered with 200. */
function refusal(fault: SealgateError, { serverSkewSeconds }: ApiAnswer): ApiFailure {
  return { fault, mayHaveHappened: false, retryAfterMs: undefined, apiCodes: [], status: 200, serverSkewSeconds };
}
