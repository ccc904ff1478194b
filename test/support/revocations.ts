/**
 * Revocation lists for tests, composed by the product and signed with a real key. Web globals only: the same helpers run in Node
 * and in workerd.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { JsonObject } from "../../shared/json.ts";
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../shared/revocations/prefix.ts";
import { composeBody } from "../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../shared/revocations/sections.ts";
import {
  digestOf,
  joinRevocations,
  REVOCATIONS_TYP,
  serialiseRevocationsHead,
} from "../../shared/revocations/signed-list.ts";
import type { RevocationListHead } from "../../shared/revocations/signed-list.ts";
import { seconds, signCompactJws, TEST_ISSUER, TEST_RING } from "./key-sets.ts";
import type { TestKey } from "./key-sets.ts";

/** An entry of the test's issuer for a claim's value; a subject's cut is given. */
export function takenBack(kind: RevocationKind, value: string, cut = 0, issuer: string = TEST_ISSUER): RevocationEntry {
  const prefix = revocationPrefix(kind, issuer, value);
  const endsAt = seconds(4_000_000_000);
  return kind === "sub" ? { kind, prefix, endsAt, cut: seconds(cut) } : { kind, prefix, endsAt };
}

/** A list issued at `issuedAt`, valid for a day, its `rev` equal to `issuedAt`; `changes` replaces members of the signed line. */
export async function signRevocations(
  entries: readonly RevocationEntry[],
  issuedAt: EpochSeconds,
  root: TestKey,
  changes: Partial<RevocationListHead> = {},
): Promise<string> {
  const { body, counts } = composeBody(entries);
  const head = {
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    rev: issuedAt,
    issuedAt,
    expiresAt: seconds(issuedAt + 86_400),
    counts,
    sha256: await digestOf(body),
    ...changes,
  };
  return signRevocationsPayload(serialiseRevocationsHead(head), body, root);
}

/** The same for a line and a body that need not fit. */
export async function signRevocationsPayload(
  payload: JsonObject,
  body: string,
  root: TestKey,
  header: JsonObject = {},
): Promise<string> {
  const line = await signCompactJws({ alg: root.alg, kid: root.kid, typ: REVOCATIONS_TYP, ...header }, payload, root);
  return joinRevocations(line, body);
}
