/** The emulator's state as JSON: the same state comes back, and nothing that was not written is read. */
import { beforeAll, describe, expect, test } from "vitest";
import { KEY_SPEC_TABLE } from "../../../../issuer/kms-emulator/keys.ts";
import type { KeySpec, KeyUsage } from "../../../../issuer/kms-emulator/keys.ts";
import { decodeState, encodeState } from "../../../../issuer/kms-emulator/state-codec.ts";
import type { KeyStatus, StoredState } from "../../../../issuer/kms-emulator/store.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { jsonObject } from "../../../support/values.ts";
import { START_MS } from "./support.ts";

async function storedKey(spec: KeySpec, usage: KeyUsage, status: KeyStatus): Promise<StoredState["keys"][number]> {
  const material = await KEY_SPEC_TABLE[spec].generate();
  const tags = new Map([
    ["10", "first"],
    ["2", "second"],
  ]);
  return { keyId: `id-${spec}`, spec, usage, description: "tägged", createdAtMs: START_MS, material, tags, status };
}

let state: StoredState;
let text: string;
beforeAll(async () => {
  const keys = await Promise.all([
    storedKey("ECC_NIST_P256", "SIGN_VERIFY", { state: "Enabled" }),
    storedKey("RSA_2048", "ENCRYPT_DECRYPT", { state: "Disabled" }),
    storedKey("HMAC_256", "GENERATE_VERIFY_MAC", { state: "PendingDeletion", deletionDateMs: START_MS + 1 }),
  ]);
  const alias = { name: "alias/a", targetKeyId: "id-RSA_2048", createdAtMs: START_MS, updatedAtMs: START_MS + 1 };
  state = { region: "eu-west-1", accountId: "444455556666", keys, aliases: [alias] };
  text = JSON.stringify(encodeState(state));
});

describe("a state that was written", () => {
  test("is read as it was, with the same key material and tags in their order", () => {
    const read = decodeState(jsonObject(text));
    expect(JSON.stringify(encodeState(read))).toBe(text);
    for (const [index, { material, tags, ...key }] of read.keys.entries()) {
      const { material: written, tags: writtenTags, ...expected } = state.keys[index] ?? {};
      expect(key).toEqual(expected);
      expect(written !== undefined && material.equals(written)).toBe(true);
      expect([...tags]).toEqual([...(writtenTags ?? [])]);
    }
    expect(read.aliases).toEqual(state.aliases);
  });
});

describe("a state is refused", () => {
  test.each([
    ["without a Region", '"region":"eu-west-1",', ""],
    ["with a number as the account", '"accountId":"444455556666"', '"accountId":444455556666'],
    ["with keys that are no list", '"keys":[', '"aliases":[],"keys":{},"more":['],
    ["with an unknown spec", '"spec":"ECC_NIST_P256"', '"spec":"ECC_NIST_P255"'],
    ["with the spec of another key", '"spec":"ECC_NIST_P256"', '"spec":"ECC_NIST_P384"'],
    ["with a usage that the spec cannot have", '"usage":"SIGN_VERIFY"', '"usage":"ENCRYPT_DECRYPT"'],
    ["with a time as text", `"createdAtMs":${START_MS}`, `"createdAtMs":"${START_MS}"`],
    ["with an unknown key state", '"state":"Disabled"', '"state":"Broken"'],
    ["with a deletion that has no date", '"state":"Disabled"', '"state":"PendingDeletion"'],
    ["with a tag that has no value", '["10","first"]', '["10"]'],
    ["with an alias that has no target", '"targetKeyId":"id-RSA_2048",', ""],
  ])("%s", (_what, from, to) => {
    const changed: JsonObject = jsonObject(text.replace(from, to));
    expect(JSON.stringify(changed)).not.toBe(text);
    expect(() => decodeState(changed)).toThrow(TypeError);
  });

  test("with material that is no key", () => {
    const changed = jsonObject(text.replace(/"material":"[^"]{8}/, '"material":"AAAAAAAA'));
    expect(() => decodeState(changed)).toThrow(/asn1|DECODER/);
  });
});
