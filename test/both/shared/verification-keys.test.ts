/** The imported keys of a document: what a kid finds, and what the next document inherits from the last one. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { importKeySet } from "../../../shared/verification-keys.ts";
import type { ImportedKeySet } from "../../../shared/verification-keys.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../shared/jwk.ts";
import { keySetKey, makeDocument, makeKey, seconds } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";
import { given, kidOf, valueOf } from "../../support/values.ts";
import { EC_JWK } from "./jwk-samples.ts";

const NOW = seconds(1_800_000_000);

let first: TestKey;
let second: TestKey;

beforeAll(async () => {
  first = await makeKey("ES256");
  second = await makeKey("EdDSA");
});

async function imported(document: KeySetDocument, previous?: ImportedKeySet): Promise<ImportedKeySet> {
  return importKeySet({ document, skipped: [] }, previous);
}

function without(keys: readonly TestKey[], ...revoked: TestKey[]): KeySetDocument {
  return makeDocument(keys, NOW, { revoked: revoked.map(({ kid }) => ({ kid, at: NOW })) });
}

describe("a kid", () => {
  test("finds its key, in whatever state it is", async () => {
    for (const state of ["pending", "active", "retiring"] as const) {
      const keys = await imported(makeDocument([], NOW, { keys: [keySetKey(first, state, NOW)] }));
      expect(keys.find(first.kid)).toMatchObject({ kid: first.kid, algorithm: { alg: "ES256" }, signatureBytes: 64 });
    }
  });

  test("that is not listed finds nothing, whatever objects inherit", async () => {
    const keys = await imported(makeDocument([first], NOW));
    for (const kid of [second.kid, "__proto__", "constructor", "toString", `${first.kid} `.trim().toLowerCase()]) {
      expect(keys.find(kidOf(kid))).toBeUndefined();
    }
  });

  test("that is revoked is revoked, even if its key stands in the same document", async () => {
    const keys = await imported(without([first, second], first));
    expect(keys.find(first.kid)).toBe("revoked");
    expect(keys.find(second.kid)).toMatchObject({ kid: second.kid });
    expect((await imported(without([second], first))).find(first.kid)).toBe("revoked");
  });
});

describe("a tombstone", () => {
  test("stays in force when later documents have lost it and list the key again", async () => {
    const one = await imported(without([first, second], first));
    const two = await imported(makeDocument([first, second], NOW), one);
    const three = await imported(makeDocument([first, second], NOW), two);
    expect(two.find(first.kid)).toBe("revoked");
    expect(three.find(first.kid)).toBe("revoked");
    expect(three.find(second.kid)).toMatchObject({ kid: second.kid });
    expect(three.document.revoked).toEqual([{ kid: first.kid, at: NOW }]);
  });

  test("of the new document and of the last one both count, each once", async () => {
    const one = await imported(without([], first));
    const two = await imported(without([], second), one);
    expect(two.document.revoked).toEqual([
      { kid: second.kid, at: NOW },
      { kid: first.kid, at: NOW },
    ]);
    const three = await imported(without([], first, second), two);
    expect(three.document.revoked).toHaveLength(2);
  });
});

describe("the next document", () => {
  test("uses the imported key of an unchanged JWK again", async () => {
    const one = await imported(makeDocument([first, second], NOW));
    const two = await imported(makeDocument([second, first], seconds(NOW + 60)), one);
    expect(two.keys.get(first.kid)).toBe(one.keys.get(first.kid));
    expect(two.keys.get(second.kid)).toBe(one.keys.get(second.kid));
    expect(two.document.rev).toBe(NOW + 60);
  });

  test("does not use another key under the kid of one that it knew", async () => {
    const one = await imported(makeDocument([first], NOW));
    const changed = { ...second, kid: first.kid, jwk: { ...second.jwk, kid: first.kid } };
    const two = await imported(makeDocument([changed], NOW), one);
    expect(two.keys.get(first.kid)).toBeUndefined();
    expect(two.skipped).toEqual([{ index: 0, kid: first.kid, problem: "kid_mismatch" }]);
  });

  test("imports a key again whose alg has changed", async () => {
    const { kid, jwk } = await makeKey("RS256");
    const rs256 = { kid, jwk, state: "active", publishedAt: NOW } as const;
    const one = await imported(makeDocument([], NOW, { keys: [rs256] }));
    const ps256 = { ...rs256, jwk: { ...jwk, alg: "PS256" as const } };
    const two = await imported(makeDocument([], NOW, { keys: [ps256] }), one);
    expect(given(two.keys.get(kid)).algorithm.alg).toBe("PS256");
  });

  test("costs one hash for each new key, and none for those that it knew", async () => {
    const one = await imported(makeDocument([first], NOW));
    const digest = vi.spyOn(crypto.subtle, "digest");
    await imported(makeDocument([first], seconds(NOW + 60)), one);
    expect(digest).toHaveBeenCalledTimes(0);
    await imported(makeDocument([first, second], seconds(NOW + 60)), one);
    expect(digest).toHaveBeenCalledTimes(1);
    digest.mockRestore();
  });

  test("does not keep a key that it no longer lists", async () => {
    const one = await imported(makeDocument([first, second], NOW));
    const two = await imported(makeDocument([second], NOW), one);
    expect(two.find(first.kid)).toBeUndefined();
    expect(two.keys.size).toBe(1);
  });
});

test("a key that the platform refuses is skipped and reported among those skipped before", async () => {
  const jwk = valueOf(parsePublicJwk({ ...EC_JWK, y: EC_JWK.x }));
  const kid = await calculateThumbprint(jwk);
  const broken = { ...keySetKey(first, "active", NOW), jwk, kid };
  const earlier = { index: 5, kid: undefined, problem: "kid_missing" } as const;
  const document = makeDocument([], NOW, { keys: [keySetKey(first, "active", NOW), broken] });
  const keys = await importKeySet({ document, skipped: [earlier] });
  expect(keys.skipped).toEqual([earlier, { index: 1, kid, problem: "import_failed" }]);
  expect(keys.find(kid)).toBeUndefined();
  expect(keys.find(first.kid)).toMatchObject({ kid: first.kid });
  const again = await importKeySet({ document, skipped: [earlier] }, keys);
  expect(again.skipped).toEqual(keys.skipped);
});
