/**
 * The public JWS vectors (wycheproof, RFC 7520, RFC 8037, RFC 9964) through the signature stage: parse, header, key by kid,
 * alg equal to the key's, signature. The payloads are not tokens, so the claims stage has no part in it. The file is not in
 * the repository; without it this suite is skipped.
 */
import { describe, expect, test } from "vitest";
import text from "virtual:jws-vectors";
import { findAlgorithm } from "../../../shared/algorithms.ts";
import { decodeBase64url } from "../../../shared/base64url.ts";
import { parsePublicJwk } from "../../../shared/jwk.ts";
import { isJsonObject, parseJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { importVerificationKey, parseCompactJws, parseJwsHeader, verifySignature } from "../../../shared/jws.ts";
import { given, jsonObject, kidOf, valueOf } from "../../support/values.ts";

interface Row {
  readonly id: string;
  readonly kind: "asymmetric" | "symmetric";
  readonly expected: "accept" | "reject";
  readonly level: "must" | "policy";
  /** What the row's keys say; a set of one for a row with a single `jwk`. */
  readonly keys: readonly JsonObject[];
  readonly jws: string;
}

/** Every member that a row may have, and what its value must look like: an unknown one means that we missed something. */
const MEMBERS: { readonly [member: string]: (value: unknown) => boolean } = {
  src: isText,
  id: isText,
  comment: isText,
  group: isText,
  flags: (value) => Array.isArray(value) && value.every(isText),
  wycheproof_result: (value) => value === "valid" || value === "invalid",
  kind: (value) => value === "asymmetric" || value === "symmetric",
  expected: (value) => value === "accept" || value === "reject",
  level: (value) => value === "must" || value === "policy",
  jwk: isJsonObject,
  jwks: (value) => isJsonObject(value) && Object.keys(value).join() === "keys" && Array.isArray(value["keys"]),
  jws: isText,
  /** On the RFC rows: the header's alg again. */
  alg: isText,
};

/**
 * Rows of level `policy`, and what sealgate does with them. A modulus with the ROCA fingerprint is accepted: the flaw lies
 * in a generator of smart card keys, and every key of a set is vouched for by the root key.
 */
const POLICY = new Map<string, "accept" | "reject">([
  ["json_web_key#7", "accept"],
  ["json_web_crypto#46", "accept"],
]);

describe.skipIf(text === undefined)(
  "the public JWS vectors (skipped unless ../shared/vectors/jws-vectors.jsonl is there)",
  () => {
    const raw = (text ?? "").split("\n").filter((line) => line !== "");
    const rows = raw.map((line) => parseRow(line));

    test("are all there, and each has members that are known", () => {
      expect(rows).toHaveLength(478);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(478);
    });

    test.each(rows.filter(({ level }) => level === "must"))("$id must be: $expected", async (row) => {
      // RFC 9964's algorithms are not in sealgate's table: such a row is refused, whatever its signature.
      expect(await verdict(row)).toBe(isBeyondTheTable(row) ? "reject" : row.expected);
    });

    test("leave out of the accepted ones only the algorithms of RFC 9964", async () => {
      const beyond = rows.filter((row) => isBeyondTheTable(row));
      expect(beyond.map(({ keys }) => keys[0]?.["alg"])).toEqual(["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]);
      for (const row of beyond) expect(await outcome(row)).toBe("alg_not_allowed");
    });

    test.each(rows.filter(({ level }) => level === "policy"))("$id is decided by sealgate's policy", async (row) => {
      expect(await verdict(row)).toBe(given(POLICY.get(row.id)));
    });

    test("no symmetric key is ever imported", () => {
      const symmetric = rows.flatMap(({ keys }) => keys).filter((jwk) => jwk["kty"] === "oct");
      expect(symmetric.length).toBeGreaterThan(50);
      for (const jwk of symmetric) expect(parsePublicJwk(jwk).ok).toBe(false);
    });
  },
);

function parseRow(line: string): Row {
  const row = jsonObject(line);
  for (const [member, value] of Object.entries(row)) {
    if (MEMBERS[member]?.(value) !== true) throw new Error(`a vector has an unknown or odd member: ${member}`);
  }
  const { id, kind, expected, level = "must", jwk, jwks, jws } = row;
  const set = isJsonObject(jwks) ? jwks["keys"] : [jwk];
  if (!isText(id) || !isText(jws) || !Array.isArray(set) || (jwk === undefined) === (jwks === undefined)) {
    throw new Error("a vector lacks a required member");
  }
  if (kind !== "asymmetric" && kind !== "symmetric") throw new Error(`an unknown kind: ${JSON.stringify(kind)}`);
  if (expected !== "accept" && expected !== "reject") throw new Error(`${id} expects nothing`);
  if (level !== "must" && level !== "policy") throw new Error(`${id} has an unknown level`);
  return { id, kind, expected, level, keys: set.filter(isJsonObject), jws };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isBeyondTheTable({ expected, keys }: Row): boolean {
  return expected === "accept" && keys.every((jwk) => findAlgorithm(jwk["alg"]) === undefined);
}

async function verdict(row: Row): Promise<"accept" | "reject"> {
  return (await outcome(row)) === "accept" ? "accept" : "reject";
}

/** "accept", or why the signature stage refuses the row. */
async function outcome({ jws: token, keys }: Row): Promise<string> {
  const jws = parseCompactJws(token);
  if (!jws.ok) return jws.error.code;
  const header = headerOf(jws.value.encodedHeader);
  if (!header.ok) return header.code;
  // The keys are parsed as a document's are: one that cannot be used is skipped, and of two with one kid the first counts.
  for (const jwk of keys) {
    if (header.kid !== undefined && jwk["kid"] !== header.kid) continue;
    const parsed = parsePublicJwk(jwk);
    if (!parsed.ok) continue;
    const key = await importVerificationKey(parsed.value, kidOf(header.kid ?? "only"));
    if (key === undefined) continue;
    if (findAlgorithm(header.alg) !== key.algorithm) return "alg_mismatch";
    return (await verifySignature(key, jws.value)) ? "accept" : "signature_invalid";
  }
  return "kid_unknown";
}

/** The header by sealgate's rules; only a missing kid, which one RFC example has, is let through here. */
function headerOf(encoded: string): { ok: true; kid: string | undefined; alg: unknown } | { ok: false; code: string } {
  const header = parseJwsHeader(encoded);
  if (!header.ok && header.error.code !== "kid_missing") return { ok: false, code: header.error.code };
  const { alg } = valueOf(parseJsonObject(given(decodeBase64url(encoded))));
  return { ok: true, kid: header.ok ? header.value.kid : undefined, alg };
}
