/**
 * Observes a ring: KMS first, then the document in the publisher's store, which is verified before anything in it is
 * believed. Reads only. A store that cannot be asked is an observation too; a KMS that cannot be asked is a fault.
 */
import { requireNow } from "../../../shared/demands.ts";
import type { EpochSeconds, IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import { epochSecondsFromMs, parseEpochSeconds } from "../../../shared/identifiers.ts";
import { parseJsonObject } from "../../../shared/json.ts";
import { importVerificationKey, parseCompactJws, parseJwsHeader } from "../../../shared/jws.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { openKeySet } from "../../../shared/signed-key-set.ts";
import type { KeySetRules, TrustAnchors } from "../../../shared/signed-key-set.ts";
import { SealgateError } from "../../errors.ts";
import type { Kms } from "../../kms/port.ts";
import type { KeySetPublisher } from "../../publish/publisher.ts";
import type { ObservedDocument, ObservedGeneration, ObservedRing, ObservedRoot } from "../model/observed.ts";
import { rememberDocument } from "./memory.ts";
import type { RingMemory } from "./memory.ts";
import { observeKeys } from "./keys.ts";
import type { KmsInRegion } from "./keys.ts";
import type { RingPolicy } from "../policy.ts";

export interface ObservePorts {
  readonly kms: Kms;
  /** For the adoption of a Multi-Region key, which is refused without it. */
  readonly kmsInRegion?: KmsInRegion | undefined;
  readonly publisher: Pick<KeySetPublisher, "read">;
  /** This host's clock, epoch seconds. */
  readonly clock: () => EpochSeconds;
  /** Milliseconds from any origin, never set back. */
  readonly monotonicMs: () => number;
}

export interface ObserveOptions {
  /** What this process remembers of the ring. */
  readonly memory: RingMemory;
  /** Key id, ARN or alias of a key that is to be adopted. */
  readonly candidate?: string | undefined;
}

/**
 * Observes a ring.
 * @throws TypeError for a clock that gives no time; SealgateError with a `kms_…` code
 */
export async function observeRing(
  ports: ObservePorts,
  policy: Pick<RingPolicy, "ring" | "issuer" | "alg" | "rootAlg">,
  { memory, candidate }: ObserveOptions,
): Promise<ObservedRing> {
  const observedAt = ports.clock();
  requireNow(observedAt);
  const observedAtMonotonicMs = ports.monotonicMs();
  const { ring, issuer, alg, rootAlg } = policy;
  const { kms, kmsInRegion } = ports;
  const keys = await observeKeys({ kms, kmsInRegion, ring, alg, rootAlg, memory, now: observedAt }, candidate);
  const roots = [keys.root, ...keys.otherRoots].filter((root) => root !== undefined);
  const anchors = await importAnchors(roots);
  const found = await observeDocument(ports.publisher, ring, issuer, anchors);
  // An earlier root key may be disabled for good: the present one replaces what it cannot check.
  const isRootHidden = keys.root !== undefined && keys.root.publicKey === undefined;
  const { document, storedText } = isRootHidden ? withoutBlame(found) : found;
  if (document.kind === "read") rememberDocument(memory, document.document);
  const { highestRev, newest } = memory;
  const generations = keys.generations.map((generation) => withPublishedAlg(generation, document, memory.newest));
  const isShown = document.kind === "read" && document.document.rev >= (newest?.rev ?? 0);
  return {
    ring,
    observedAt,
    observedAtMonotonicMs,
    ...keys,
    generations,
    document,
    storedText,
    highestRev,
    newer: isShown ? undefined : newest,
    claimed: new Map(memory.claimed),
    withdrawn: new Map(memory.withdrawn),
  };
}

/**
 * A published key keeps its algorithm when its tag or the policy changes. Otherwise every token in use would be refused
 * as `alg_mismatch`.
 */
function withPublishedAlg(
  generation: ObservedGeneration,
  held: ObservedDocument,
  newest: KeySetDocument | undefined,
): ObservedGeneration {
  const { publicKey } = generation;
  const published = [held.kind === "read" ? held.document : undefined, newest];
  const entry = published.flatMap((document) => document?.keys ?? []).find(({ kid }) => kid === publicKey?.kid);
  if (publicKey === undefined || entry === undefined) return generation;
  return { ...generation, alg: entry.jwk.alg, publicKey: { kid: publicKey.kid, jwk: entry.jwk } };
}

async function importAnchors(roots: readonly ObservedRoot[]): Promise<TrustAnchors> {
  const known = roots.flatMap(({ publicKey }) => publicKey ?? []);
  const anchors = await Promise.all(known.map(({ jwk, kid }) => importVerificationKey(jwk, kid)));
  return anchors.filter((anchor) => anchor !== undefined);
}

/** KMS shows no public key of the disabled root key. Nothing can be said about a document that it may have signed. */
function withoutBlame(
  found: Pick<ObservedRing, "document" | "storedText">,
): Pick<ObservedRing, "document" | "storedText"> {
  const { document, storedText } = found;
  if (document.kind !== "refused" || document.problem !== "key_set_unknown_root") return found;
  const message = "the root key that may have signed it is disabled, and KMS shows no public key to check it with";
  return { document: { kind: "unknown", fault: "kms_key_disabled", message }, storedText };
}

async function observeDocument(
  publisher: ObservePorts["publisher"],
  ring: RingName,
  issuer: IssuerUrl,
  anchors: TrustAnchors,
): Promise<Pick<ObservedRing, "document" | "storedText">> {
  try {
    const storedText = await publisher.read(ring);
    if (storedText === undefined) return { document: { kind: "missing" }, storedText };
    return { document: await readDocument(storedText, { ring, issuer, anchors }), storedText };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { document: { kind: "unknown", fault: error.code, message: error.message }, storedText: undefined };
  }
}

/** Whose document it has to be. `anchors`: the public keys of all root keys that the ring has. */
export type DocumentOwner = Pick<KeySetRules, "ring" | "issuer" | "anchors">;

/**
 * Opens a document of any age: an expired one still tells tombstones and the last rev. So does one that does not name
 * its ring, as earlier versions wrote it: it is taken for this ring's. One that names another ring is refused.
 */
export async function readDocument(text: string, owner: DocumentOwner): Promise<ObservedDocument> {
  // At the time the document names itself it is neither expired nor from the future; the signature holds at any time.
  const claimed = claimsOf(text);
  const opened = await openKeySet(text, { ...owner, leastRev: 1 }, claimed.issuedAt);
  if (!opened.ok) return { kind: "refused", problem: opened.error.code };
  const root = owner.anchors.find(({ kid }) => kid === claimed.kid);
  if (root === undefined) return { kind: "refused", problem: "key_set_unknown_root" };
  const { document, skipped } = opened.value;
  return { kind: "read", document, skipped, rootKid: root.kid };
}

/** What the text says of itself, unverified. */
function claimsOf(text: string): { readonly issuedAt: EpochSeconds; readonly kid: string | undefined } {
  const jws = parseCompactJws(text);
  const payload = jws.ok ? parseJsonObject(jws.value.payload) : undefined;
  const header = jws.ok ? parseJwsHeader(jws.value.encodedHeader) : undefined;
  const issuedAt = parseEpochSeconds(payload?.ok === true ? payload.value["iat"] : undefined) ?? epochSecondsFromMs(0);
  return { issuedAt, kid: header?.ok === true ? header.value.kid : undefined };
}
