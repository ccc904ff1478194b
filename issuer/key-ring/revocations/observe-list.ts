/** Reads the list of taken-back tokens back from KV, and verifies it before anything in it is believed. */
import { epochSecondsFromMs, parseEpochSeconds } from "../../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import { parseJsonObject } from "../../../shared/json.ts";
import { importVerificationKey } from "../../../shared/jws.ts";
import type { PublicJwk } from "../../../shared/jwk.ts";
import { openRevocations, REVOCATIONS_TYP } from "../../../shared/revocations/signed-list.ts";
import { readEnvelope } from "../../../shared/signed-document.ts";
import type { PublicKey } from "../../kms/public-key.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { RingPolicy } from "../policy.ts";
import type { RevocationsPublisher } from "../../publish/publisher.ts";
import type { ObservedList } from "./plan-list.ts";

/** Whose list it has to be. */
export interface ListOwner {
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Of all root keys of the ring. */
  readonly roots: readonly { readonly kid: PublicKey["kid"]; readonly jwk: PublicJwk }[];
}

/** The owner of a ring's list, by all root keys that the ring has. */
export function ownerOf({
  policy: { issuer, ring },
  observed: { root, otherRoots },
}: {
  readonly policy: Pick<RingPolicy, "issuer" | "ring">;
  readonly observed: Pick<ObservedRing, "root" | "otherRoots">;
}): ListOwner {
  return { issuer, ring, roots: [root, ...otherRoots].flatMap((key) => key?.publicKey ?? []) };
}

/** @throws SealgateError `publish_…` when it is not known what KV holds */
export async function observeList(
  publisher: Pick<RevocationsPublisher, "readRevocations">,
  owner: ListOwner,
): Promise<{ readonly held: ObservedList; readonly storedText: string | undefined }> {
  const storedText = await publisher.readRevocations(owner.ring);
  if (storedText === undefined) return { held: { kind: "missing" }, storedText };
  return { held: await readList(storedText, owner), storedText };
}

/** A list of any age: whether it has expired is the plan's business, which has the clock. */
export async function readList(text: string, { issuer, ring, roots }: ListOwner): Promise<ObservedList> {
  const imported = await Promise.all(roots.map(({ jwk, kid }) => importVerificationKey(jwk, kid)));
  const anchors = imported.filter((anchor) => anchor !== undefined);
  const claimed = claimsOf(text);
  const now = parseEpochSeconds(claimed.issuedAt) ?? epochSecondsFromMs(0);
  const opened = await openRevocations(text, { anchors, issuer, ring, leastRev: 1 }, now);
  if (!opened.ok) return { kind: "refused", problem: opened.error.code };
  return { kind: "read", list: opened.value, rootKid: claimed.kid };
}

/** What the text says of itself, unverified. */
function claimsOf(text: string): { readonly issuedAt: unknown; readonly kid: string | undefined } {
  const envelope = readEnvelope(text.slice(0, Math.max(0, text.indexOf("\n"))), REVOCATIONS_TYP);
  if (!envelope.ok) return { issuedAt: undefined, kid: undefined };
  const payload = parseJsonObject(envelope.value.payload);
  return { issuedAt: payload.ok ? payload.value["iat"] : undefined, kid: envelope.value.kid };
}
