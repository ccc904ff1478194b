/**
 * What a ring's root key signs: a compact JWS that names its kind in `typ`. A writer of KV who cannot sign with the root key
 * cannot change what this module accepts.
 */
import { parseCompactJws, parseJwsHeader, verifySignature } from "./jws.ts";
import type { UnverifiedHeader, UnverifiedJws, VerificationKey } from "./jws.ts";
import { parseJsonObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

/** The pinned root keys, imported. */
export type TrustAnchors = readonly VerificationKey[];

/** One key is about 500 bytes; a value of this size holds more than a thousand. Anything larger is not ours. */
export const MAX_DOCUMENT_BYTES: number = 2 * 1024 * 1024;

export type EnvelopeProblem = "too_large" | "malformed" | "wrong_typ";

/**
 * Cuts a document apart and reads its header. Who has signed it is not looked at.
 * @param typ expected, as it is written: the root key signs documents of several kinds, and none may pass for another
 */
export function readEnvelope(text: string, typ: string): Result<UnverifiedJws & UnverifiedHeader, EnvelopeProblem> {
  if (text.length > MAX_DOCUMENT_BYTES) return err("too_large");
  const jws = parseCompactJws(text);
  if (!jws.ok) return err("malformed");
  const header = parseJwsHeader(jws.value.encodedHeader);
  if (!header.ok) return err("malformed");
  return header.value.typ === typ ? ok({ ...jws.value, ...header.value }) : err("wrong_typ");
}

/** The payload, once the signature of one of the pinned keys holds. The order is that of a token: header, key, signature, payload. */
export async function openSignedDocument(
  text: string,
  typ: string,
  anchors: TrustAnchors,
): Promise<Result<JsonObject, EnvelopeProblem | "unknown_root" | "signature_invalid">> {
  const envelope = readEnvelope(text, typ);
  if (!envelope.ok) return envelope;
  const jws = envelope.value;
  const root = anchors.find(({ kid }) => kid === jws.kid);
  if (root?.algorithm !== jws.algorithm) return err("unknown_root");
  if (!(await verifySignature(root, jws))) return err("signature_invalid");
  const payload = parseJsonObject(jws.payload);
  return payload.ok ? payload : err("malformed");
}
