/** Bodies of requests to the issuer's HTTP service. */
import { decodeUtf8 } from "../../shared/json.ts";
import { err } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { readBounded } from "../bounded-body.ts";

/** More than any token that a verifier would accept, percent-encoded and with other parameters. */
const MAX_BODY_BYTES = 64 * 1024;

/** @returns the text, or a sentence that says why there is none */
export async function readText(body: ReadableStream<Uint8Array> | null): Promise<Result<string, string>> {
  const octets = await readBounded(body, MAX_BODY_BYTES + 1);
  if (octets.length > MAX_BODY_BYTES) return err(`The body is longer than ${MAX_BODY_BYTES} octets.`);
  const text = decodeUtf8(octets);
  return text.ok ? text : err("The body must be UTF-8.");
}
