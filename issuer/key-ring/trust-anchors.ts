/** The pinned root keys of a ring, as the edge's `TRUST_ANCHORS` takes them. Pure. */
import type { Kid } from "../../shared/identifiers.ts";
import type { JsonObject } from "../../shared/json.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import type { ObservedRing } from "./model/observed.ts";

export interface RootAnchor {
  /** `current` signs; `next` was prepared; `previous` signed before and is enabled still. */
  readonly role: "current" | "next" | "previous";
  readonly kid: Kid;
  readonly keyArn: string;
  /** A public JWK with `alg`, `use` and `kid`. */
  readonly jwk: JsonObject;
}

/** All root keys that can sign a document, the current one first: what an edge has to have pinned. */
export function rootAnchorsOf({ root, otherRoots }: ObservedRing): readonly RootAnchor[] {
  return [root, ...otherRoots].flatMap((key): readonly RootAnchor[] => {
    if (key?.publicKey === undefined || key.keyState !== "Enabled") return [];
    const { kid, jwk } = key.publicKey;
    const isNext = key !== root && (key.number ?? 0) > (root?.number ?? 0);
    const role = key === root ? "current" : isNext ? "next" : "previous";
    return [{ role, kid, keyArn: key.keyArn, jwk: serialiseJwk(jwk, kid) }];
  });
}
