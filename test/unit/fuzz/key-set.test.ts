/** JWKs and key set documents: a good document with edits anywhere in it, down to a member of a key. */
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { parsePublicJwk, toKeyMaterial } from "../../../shared/jwk.ts";
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject, JsonValue } from "../../../shared/json.ts";
import { parseKeySet, serialiseKeySet } from "../../../shared/key-set.ts";
import { openKeySet } from "../../../shared/signed-key-set.ts";
import { fuzzSettings } from "../../support/fuzz.ts";
import { ISSUED_AT } from "../../support/edge-ring.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySetPayload,
  TEST_ISSUER,
  TEST_RING,
} from "../../support/key-sets.ts";
import type { TestRoot } from "../../support/key-sets.ts";
import { kidOf } from "../../support/values.ts";

const NOW = seconds(ISSUED_AT);
/** When documents are opened: some of the values put into them lie between. */
const LATER = seconds(ISSUED_AT + 1000);

let root: TestRoot;
let good: JsonObject;
beforeAll(async () => {
  root = await makeRoot();
  const keys = await Promise.all([makeKey("ES256"), makeKey("RS256"), makeKey("EdDSA"), makeKey("ES512")]);
  const revoked = [{ kid: kidOf("revoked-1"), at: NOW }];
  good = serialiseKeySet(makeDocument(keys, NOW, { rev: 10, revoked }));
});

/** Values that a member may have instead: of other types, out of range, and of other members. */
const odd: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    true,
    0,
    -1,
    1,
    0.5,
    10,
    2 ** 53,
    1e308,
    ISSUED_AT,
    ISSUED_AT + 10,
    ISSUED_AT + 2000,
    ISSUED_AT + 1e6,
    "",
    "x",
    [],
    {},
  ),
  fc.constantFrom<JsonValue>(
    "ES256",
    "RS256",
    "RSA",
    "EC",
    "OKP",
    "P-256",
    "sig",
    "enc",
    ["verify"],
    "active",
    "AQAB",
    "AQ",
  ),
  fc.constantFrom<JsonValue>([null], [[]], [{}], [{ kid: "k", at: 1 }], [{ kid: "k" }], { kty: "oct", k: "AA" }),
  fc.base64String({ maxLength: 44 }),
);

type Change = {
  readonly steps: readonly number[];
  readonly how: "set" | "remove" | "add" | "repeat";
  readonly value: JsonValue;
};

const changes = fc.array(
  fc.record({
    steps: fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 3 }),
    how: fc.constantFrom("set" as const, "set" as const, "remove" as const, "add" as const, "repeat" as const),
    value: odd,
  }),
  { maxLength: 3 },
);

const ADDED = ["d", "k", "priv", "key_ops", "use", "x5c", "extra", "kid"];

/** Follows the steps into the value, by position, and changes what it finds there. */
function change(value: JsonValue, { steps: [step = 0, ...rest], how, value: put }: Change): JsonValue {
  if (Array.isArray(value)) {
    const at = value.length === 0 ? 0 : step % value.length;
    if (rest.length > 0 && value[at] !== undefined)
      return value.with(at, change(value[at], { steps: rest, how, value: put }));
    if (how === "remove") return value.toSpliced(at, 1);
    if (how === "repeat") return [...value, ...value.slice(at, at + 1)];
    return how === "set" && value.length > 0 ? value.with(at, put) : [...value, put];
  }
  if (!isJsonObject(value)) return put;
  const names = Object.keys(value);
  const name = names[step % Math.max(1, names.length)] ?? "x";
  const inner = value[name];
  if (rest.length > 0 && inner !== undefined)
    return { ...value, [name]: change(inner, { steps: rest, how, value: put }) };
  if (how === "remove")
    return Object.fromEntries<JsonValue | undefined>(Object.entries(value).filter(([other]) => other !== name));
  return { ...value, [how === "add" ? (ADDED[step % ADDED.length] ?? "x") : name]: put };
}

function edited(list: readonly Change[]): JsonObject {
  const document = list.reduce<JsonValue>(change, good);
  return isJsonObject(document) ? document : {};
}

test("a document that is accepted has lost no tombstone and no key without saying so, and reads back the same", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(changes, (list) => {
      const payload = edited(list);
      const parsed = parseKeySet(payload);
      seen.add(parsed.ok ? (parsed.value.skipped.length > 0 ? "skipped" : "ok") : parsed.error);
      if (!parsed.ok) return;
      const { document, skipped } = parsed.value;
      const [entries, tombstones] = [payload["keys"], payload["revoked"]];
      expect(document.keys.length + skipped.length).toBe(Array.isArray(entries) ? entries.length : -1);
      expect(document.revoked.length).toBe(Array.isArray(tombstones) ? tombstones.length : -1);
      expect(document.expiresAt).toBeGreaterThan(document.issuedAt);
      expect(new Set(document.keys.map(({ kid }) => kid)).size).toBe(document.keys.length);
      expect(parseKeySet(serialiseKeySet(document))).toEqual({ ok: true, value: { document, skipped: [] } });
    }),
    fuzzSettings(2000),
  );
  // Every member that can refuse a document has done so.
  expect([...seen].toSorted()).toEqual([
    "exp",
    "iat",
    "iss",
    "keys",
    "ok",
    "rev",
    "revoked",
    "ring",
    "skipped",
    "timing",
  ]);
});

test("a JWK that is accepted holds public members alone, under one key type, and is its own parse", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat({ max: 3 }), changes, (index, list) => {
      const keys = good["keys"];
      const jwk = list.reduce<JsonValue>(change, Array.isArray(keys) ? (keys[index] ?? {}) : {});
      const parsed = parsePublicJwk(jwk);
      if (!parsed.ok) return;
      accepted += 1;
      for (const name of ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]) {
        expect(isJsonObject(jwk) && Object.hasOwn(jwk, name)).toBe(false);
      }
      expect(isJsonObject(jwk) ? jwk : {}).toMatchObject(toKeyMaterial(parsed.value));
      expect(parsePublicJwk(parsed.value)).toEqual(parsed);
    }),
    fuzzSettings(2000),
  );
  expect(accepted).toBeGreaterThan(100);
});

test("a signed document that is opened is of this issuer, alive, and not below the floor", async () => {
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const text = await signKeySetPayload(edited(list), root);
      const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 10 };
      const result = await openKeySet(text, rules, LATER);
      if (!result.ok) return;
      opened += 1;
      const { issuer, expiresAt, issuedAt, rev, timing } = result.value.document;
      expect(issuer).toBe(TEST_ISSUER);
      expect(expiresAt).toBeGreaterThan(LATER);
      expect(issuedAt).toBeLessThanOrEqual(LATER + timing.clockSkewSeconds);
      expect(rev).toBeGreaterThanOrEqual(10);
    }),
    fuzzSettings(500),
  );
  expect(opened).toBeGreaterThan(10);
});

test("a document whose text was scratched after signing is not opened", async () => {
  const text = await signKeySetPayload(good, root);
  const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 10 };
  expect((await openKeySet(text, rules, NOW)).ok).toBe(true);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ";
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: text.length - 1 }), fc.constantFrom(...letters.split("")), async (at, letter) => {
      const scratched = text.slice(0, at) + letter + text.slice(at + 1);
      expect((await openKeySet(scratched, rules, NOW)).ok).toBe(scratched === text);
    }),
    fuzzSettings(500),
  );
});
