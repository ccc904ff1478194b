/** Rows about a ring that online.test.ts does not plant. */
import { describe, expect, test } from "vitest";
import { anchorRows, clockRows, documentRow, keyRows, ringRows } from "../../../../../issuer/cli/check/ring-rows.ts";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  generation,
  nextRootKey,
  noted,
  observedRing,
  root,
  rootKey,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const policy = ringPolicy();

describe("keys", () => {
  test("a key that fits no algorithm is named", () => {
    const unfit = generation(1, { ...noted(), alg: undefined, keySpec: "HMAC_256", keyUsage: "GENERATE_VERIFY_MAC" });
    expect(keyRows(observedRing({ generations: [unfit] }))).toMatchObject([
      { status: "wrong", message: expect.stringContaining("HMAC_256 (GENERATE_VERIFY_MAC)") as unknown },
    ]);
  });

  test("a root key that is to be deleted is named", () => {
    const [row] = keyRows(observedRing({ root: root({ keyState: "PendingDeletion" }) }));
    expect(row).toMatchObject({ status: "wrong", message: "The root key is in the state PendingDeletion." });
  });
});

describe("anchors", () => {
  const repair = "Pin them.";
  const changing = observedRing({ otherRoots: [root({}, nextRootKey, 2)] });

  test("the next root key, once prepared, is to be pinned before the switch", () => {
    const [row] = anchorRows(changing, [rootKey.kid], repair);
    expect(row).toMatchObject({
      status: "ok",
      message: expect.stringContaining("before ring anchors --switch") as unknown,
    });
    const [both] = anchorRows(changing, [rootKey.kid, nextRootKey.kid], repair);
    expect(both?.message).toBe("TRUST_ANCHORS pins the ring's root key.");
  });

  test("a ring without a root key is another row's matter", () => {
    expect(anchorRows(observedRing({ root: undefined }), [], repair)).toEqual([]);
  });
});

test("what is due is named, step by step", () => {
  const plan = planRing(observedRing({ document: { kind: "missing" } }), policy, after(400));
  const messages = ringRows(plan).map(({ message }) => message);
  expect(messages.join("\n")).toMatch(/^It is due to publish the key set/m);
});

test("a root key that the Worker does not pin is what refuses the key set", () => {
  const row = documentRow({ ok: false, error: { code: "key_set_unknown_root" } }, policy, after(0));
  expect(row.repair).toMatch(/^Put what sealgate ring anchors prints into TRUST_ANCHORS/);
});

test("clocks: nothing is said of what has not answered", () => {
  expect(clockRows({ KMS: undefined, Cloudflare: undefined }, policy)).toEqual([]);
  expect(clockRows({ KMS: 1.4, Cloudflare: undefined }, policy)).toMatchObject([
    { status: "ok", message: "This host's clock differs from KMS by at most 1 s." },
  ]);
  expect(clockRows({ KMS: 1, Cloudflare: -61 }, policy)).toMatchObject([
    { status: "wrong", message: "This host's clock is 61 s ahead of that of Cloudflare." },
  ]);
});
