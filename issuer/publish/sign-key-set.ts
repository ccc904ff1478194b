/**
 * A key set document to the text that lies in KV: a compact JWS by the ring's root key. The text is opened with the edge's
 * own code before it leaves this file, so that nothing is published that an edge would refuse.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { calculateThumbprint } from "../../shared/jwk.ts";
import { serialiseKeySet } from "../../shared/key-set.ts";
import type { KeySetDocument, ParsedKeySet } from "../../shared/key-set.ts";
import { importTrustAnchors, KEY_SET_TYP, openKeySet } from "../../shared/signed-key-set.ts";
import { importKeySet } from "../../shared/verification-keys.ts";
import { SealgateError } from "../errors.ts";
import type { Signer } from "../signer.ts";
import { signCompactJws, toSigningInput } from "../token.ts";

/**
 * Signs a key set document with the root key.
 * @param root the ring's root key, which signs key sets only
 * @param now epoch seconds
 * @returns the compact JWS (RFC 7515 section 7.1) with header `alg`, `kid`, `typ` "jwk-set+jwt" and nothing else
 * @throws SealgateError `kms_bad_signature` when the signature does not hold under the root's public key;
 *   `key_set_unusable` when an edge would refuse the document or skip one of its keys; or what the signer throws
 */
export async function signKeySet(document: KeySetDocument, root: Signer, now: EpochSeconds): Promise<string> {
  await requireGoodNames(document, root);
  const header = { alg: root.alg, kid: root.kid, typ: KEY_SET_TYP };
  const text = await signCompactJws(root, toSigningInput(header, serialiseKeySet(document)));
  const { skipped } = await importKeySet(await openAsEdge(text, document, root, now));
  if (skipped.length > 0) {
    throw unusable(skipped.map(({ index, problem }) => `key ${String(index)} would be skipped: ${problem}`).join(", "));
  }
  return text;
}

/** A kid that is not the key's thumbprint could name two keys; the root key must never verify a token. */
async function requireGoodNames(document: KeySetDocument, root: Signer): Promise<void> {
  for (const { kid, jwk } of document.keys) {
    if (kid === root.kid) throw unusable("it holds the root key, which signs key sets only");
    if (kid !== (await calculateThumbprint(jwk))) throw unusable("the kid of a key is not its thumbprint");
  }
}

/** Opens the text as an edge does that has pinned this root key and knows of no later document. */
async function openAsEdge(
  text: string,
  document: KeySetDocument,
  root: Signer,
  now: EpochSeconds,
): Promise<ParsedKeySet> {
  const anchors = await importTrustAnchors([root.jwk]);
  if (!anchors.ok) throw unusable("the public key of the root cannot be pinned");
  const { issuer, ring } = document;
  if (ring === undefined) throw unusable("it does not say which ring it belongs to");
  const opened = await openKeySet(text, { anchors: anchors.value, issuer, ring, leastRev: 1 }, now);
  if (opened.ok) return opened.value;
  if (opened.error.code !== "key_set_signature_invalid") throw unusable(opened.error.code);
  throw new SealgateError("kms_bad_signature", "the signature of the key set does not hold under the root key", {
    retryable: true,
  });
}

function unusable(reason: string): SealgateError {
  return new SealgateError("key_set_unusable", `the key set was not published, an edge could not use it: ${reason}`);
}
