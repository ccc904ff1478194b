/**
 * The description that sealgate gives the keys it creates. A key's algorithm stands in it beside the tag `sealgate:alg`: an RSA key
 * fits six, and its tags can be removed while no key set is left to say which one its tokens have. KMS asks another permission,
 * kms:UpdateKeyDescription, for changing it.
 */
import { findAlgorithm } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { RingName } from "../../shared/identifiers.ts";

const GENERATION = /^sealgate, ring [a-z0-9-]+, generation \d+, ([A-Za-z0-9]+)(?:\. |$)/;

/** @param added an operator's own words, from the policy's `newKeys.description` */
export function describeGeneration(ring: RingName, number: number, alg: Alg, added: string | undefined): string {
  return withAdded(`sealgate, ring ${ring}, generation ${number}, ${alg}`, added);
}

/** @param added an operator's own words, from the policy's `newKeys.description` */
export function describeRootKey(ring: RingName, added: string | undefined): string {
  return withAdded(`sealgate, ring ${ring}, key sets only`, added);
}

function withAdded(text: string, added: string | undefined): string {
  return added === undefined ? text : `${text}. ${added}`;
}

/** @returns undefined for keys that people made, and for those that sealgate made before it wrote the algorithm down */
export function algInDescription(description: string | undefined): Alg | undefined {
  return findAlgorithm(GENERATION.exec(description ?? "")?.[1])?.alg;
}
