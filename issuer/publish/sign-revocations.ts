/**
 * The list of taken-back tokens to the text that lies in KV: a line signed by the ring's root key, and the body. The text is
 * opened with the edge's own code before it leaves this file, so that nothing is published that an edge would refuse.
 */
import { addSeconds, startOfSecond } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, RingName } from "../../shared/identifiers.ts";
import type { ComposedBody } from "../../shared/revocations/sections.ts";
import {
  digestOf,
  joinRevocations,
  openRevocations,
  REVOCATIONS_TYP,
  serialiseRevocationsHead,
} from "../../shared/revocations/signed-list.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { SealgateError } from "../errors.ts";
import type { Signer } from "../signer.ts";
import { signCompactJws, toSigningInput } from "../token.ts";

/** What a list is made from. */
export interface RevocationsParts extends Pick<ComposedBody, "body" | "counts"> {
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  readonly rev: number;
  /** When the reading of the table began. A fraction of a second is dropped. */
  readonly readAt: EpochSeconds;
  readonly lifetimeSeconds: number;
}

/**
 * Signs a list with the root key.
 * @returns the KV value
 * @throws SealgateError `kms_bad_signature` when the signature does not hold; `revocations_unusable` when an edge would refuse the
 *   list; or what the signer throws
 */
export async function signRevocations(parts: RevocationsParts, root: Signer): Promise<string> {
  const { issuer, ring, rev, counts, body } = parts;
  const issuedAt = startOfSecond(parts.readAt);
  const expiresAt = addSeconds(issuedAt, parts.lifetimeSeconds);
  const head = { issuer, ring, rev, issuedAt, expiresAt, counts, sha256: await digestOf(body) };
  const header = { alg: root.alg, kid: root.kid, typ: REVOCATIONS_TYP };
  const line = await signCompactJws(root, toSigningInput(header, serialiseRevocationsHead(head)));
  const text = joinRevocations(line, body);
  const anchors = await importTrustAnchors([root.jwk]);
  if (!anchors.ok) throw unusable("the public key of the root cannot be pinned");
  const opened = await openRevocations(text, { anchors: anchors.value, issuer, ring, leastRev: rev }, issuedAt);
  if (opened.ok) return text;
  if (opened.error.code !== "revocations_signature_invalid") throw unusable(opened.error.code);
  throw new SealgateError(
    "kms_bad_signature",
    "the signature of the revocation list does not hold under the root key",
    {
      retryable: true,
    },
  );
}

function unusable(reason: string): SealgateError {
  return new SealgateError(
    "revocations_unusable",
    `The revocation list was not published, an edge could not use it: ${reason}.`,
  );
}
