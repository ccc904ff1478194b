/** The table of key specs: a key is made as its spec says, and recognised as no other. */
import { describe, expect, test } from "vitest";
import {
  KEY_SPEC_TABLE,
  KEY_SPECS,
  KEY_USAGES,
  SIGNING_ALGORITHMS,
  UNBUILT_KEY_SPECS,
} from "../../../../issuer/kms-emulator/keys.ts";

/** Specs that no length or curve tells apart: what they are for is in the usage, which is stored beside the key. */
const SECRETS: readonly string[] = ["SYMMETRIC_DEFAULT", "HMAC_256"];

describe.each(KEY_SPECS)("%s", (spec) => {
  const row = KEY_SPEC_TABLE[spec];

  test("makes keys that are its own, and of no other spec", async () => {
    const key = await row.generate();
    const matching = KEY_SPECS.filter((one) => KEY_SPEC_TABLE[one].matches(key));
    expect(matching).toEqual(SECRETS.includes(spec) ? SECRETS : [spec]);
    expect(key.type).toBe(row.kind === "asymmetric" ? "private" : "secret");
  });

  test("has usages that KMS knows, and signs with algorithms that KMS knows", () => {
    expect([...row.algorithms.keys()].filter((usage) => !KEY_USAGES.includes(usage))).toEqual([]);
    const names: readonly string[] = SIGNING_ALGORITHMS;
    expect((row.algorithms.get("SIGN_VERIFY") ?? []).filter((name) => !names.includes(name))).toEqual([]);
    expect(row.algorithms.has("SIGN_VERIFY")).toBe(row.kind === "asymmetric");
  });
});

test.each(["ECC_NIST_P256", "SYMMETRIC_DEFAULT"] as const)("%s makes another key each time", async (spec) => {
  const [first, second] = await Promise.all([KEY_SPEC_TABLE[spec].generate(), KEY_SPEC_TABLE[spec].generate()]);
  expect(first.equals(second)).toBe(false);
});

test("every signing algorithm is one of some spec", () => {
  const used = KEY_SPECS.flatMap((spec) => KEY_SPEC_TABLE[spec].algorithms.get("SIGN_VERIFY") ?? []);
  expect(new Set(used)).toEqual(new Set(SIGNING_ALGORITHMS));
});

test("key agreement is for the NIST curves only, and encryption for RSA and symmetric keys", () => {
  const withUsage = (usage: (typeof KEY_USAGES)[number]): readonly string[] =>
    KEY_SPECS.filter((spec) => KEY_SPEC_TABLE[spec].algorithms.has(usage));
  expect(withUsage("KEY_AGREEMENT")).toEqual(["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"]);
  expect(withUsage("ENCRYPT_DECRYPT")).toEqual(["RSA_2048", "RSA_3072", "RSA_4096", "SYMMETRIC_DEFAULT"]);
  expect(withUsage("GENERATE_VERIFY_MAC")).toEqual(["HMAC_256"]);
});

test("no spec is built and not built at once", () => {
  const built: readonly string[] = KEY_SPECS;
  expect(UNBUILT_KEY_SPECS.filter((spec) => built.includes(spec))).toEqual([]);
});
