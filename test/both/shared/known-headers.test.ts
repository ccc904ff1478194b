/** A header that has been read before is still held against the rules and keys of each token that carries it. */
import { beforeAll, expect, test } from "vitest";
import { verifyToken } from "../../../shared/verify-token.ts";
import { NOW } from "../../support/claims-samples.ts";
import { goodToken } from "../../support/forge.ts";
import { makeKey } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";
import { targetFor, TOKEN_RULES } from "../../support/target.ts";
import type { Target } from "../../support/target.ts";
import { errorOf, given, valueOf } from "../../support/values.ts";

let key: TestKey;
let other: TestKey;
let target: Target;
let token: string;

beforeAll(async () => {
  [key, other] = [await makeKey("ES256"), await makeKey("RS256")];
  target = await targetFor([key, other]);
  token = await goodToken(key);
  valueOf(await target.verify(token));
});

test("the allow-lists of another call count", async () => {
  expect(await target.outcome(token, { algs: new Set(["RS256"]) })).toBe("alg_not_allowed");
  expect(await target.outcome(token, { typs: new Set(["at+jwt"]) })).toBe("typ_not_allowed");
  expect(await target.outcome(token)).toBe("accepted");
});

test("the keys of another key set count", async () => {
  const without = await targetFor([other]);
  const revoked = await targetFor([key, other], { revoked: [{ kid: key.kid, at: NOW }] });
  expect(await without.outcome(token)).toBe("kid_unknown");
  expect(await revoked.outcome(token)).toBe("kid_revoked");
});

test("the algorithm of the key counts", async () => {
  const rebound = { find: () => given(target.keySet.keys.get(other.kid)) };
  expect(errorOf(await verifyToken(token, TOKEN_RULES, rebound, NOW)).code).toBe("alg_mismatch");
});

test("the signature counts", async () => {
  const another = await goodToken(key, { jti: "another" });
  const mixed = token.slice(0, token.lastIndexOf(".")) + another.slice(another.lastIndexOf("."));
  expect(await target.outcome(mixed)).toBe("signature_invalid");
});

test("more headers than are kept are all verified", async () => {
  for (let index = 0; index < 70; index += 1) {
    const key = await makeKey("EdDSA");
    const own = await targetFor([key]);
    expect(await own.outcome(await goodToken(key))).toBe("accepted");
  }
  expect(await target.outcome(token)).toBe("accepted");
});
