/** Keys and aliases of one account: what is found when, what is refused, and what is saved before it is answered. */
import { beforeEach, describe, expect, test } from "vitest";
import { KmsError } from "../../../../issuer/kms-emulator/errors.ts";
import { aliasArn, keyArn } from "../../../../issuer/kms-emulator/identifiers.ts";
import { KEY_SPEC_TABLE } from "../../../../issuer/kms-emulator/keys.ts";
import { KmsStore } from "../../../../issuer/kms-emulator/store.ts";
import type { Alias, NewKey, StoredState } from "../../../../issuer/kms-emulator/store.ts";
import { DAY_MS, START_MS } from "./support.ts";

const PLACE = { region: "us-east-1", accountId: "111122223333" };
const DELAYS = { aliasVisibilityDelayMs: 100, keyStateVisibilityDelayMs: 200, newKeyVisibilityDelayMs: 300 };
const NO_DELAYS = { aliasVisibilityDelayMs: 0, keyStateVisibilityDelayMs: 0, newKeyVisibilityDelayMs: 0 };

const material = await KEY_SPEC_TABLE.ECC_NIST_P256.generate();

function newKey(keyId: string): NewKey {
  const tags = new Map([["ring", "main"]]);
  return { keyId, spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", description: "", createdAtMs: START_MS, material, tags };
}

function aliasTo(targetKeyId: string, name = "alias/a"): Alias {
  return { name, targetKeyId, createdAtMs: START_MS, updatedAtMs: START_MS };
}

function refusalOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof KmsError) return error.name;
    throw error;
  }
  return undefined;
}

let saved: StoredState[];
beforeEach(() => {
  saved = [];
});

function storeWith(delays: typeof DELAYS, initial: Pick<StoredState, "keys" | "aliases"> = { keys: [], aliases: [] }) {
  return new KmsStore({ ...PLACE, ...initial }, delays, (state) => saved.push(state));
}

describe("a key", () => {
  test("is found by id and ARN, and by an alias only where that is asked for", () => {
    const store = storeWith(NO_DELAYS);
    const { arn } = store.addKey(newKey("k1"), START_MS);
    store.createAlias(aliasTo("k1"), START_MS);
    expect(arn).toBe(keyArn(PLACE, "k1"));
    for (const identifier of ["k1", arn]) expect(store.key(identifier, START_MS).keyId).toBe("k1");
    const names = ["alias/a", aliasArn(PLACE, "alias/a")];
    for (const identifier of ["k1", arn, ...names]) {
      expect(store.keyOrAlias(identifier, START_MS).keyId).toBe("k1");
    }
    for (const identifier of [...names, "k2"]) {
      expect(refusalOf(() => store.key(identifier, START_MS))).toBe("NotFoundException");
    }
  });

  test("that is new, and a change of its state, are seen when their delay is over", () => {
    const store = storeWith(DELAYS);
    const key = store.addKey(newKey("k1"), START_MS);
    expect(refusalOf(() => store.key("k1", START_MS + 299))).toBe("NotFoundException");
    expect(store.keys(START_MS + 299)).toEqual([]);
    expect(store.key("k1", START_MS + 300)).toBe(key);
    store.setKeyStatus(key, { state: "Disabled" }, START_MS + 1000);
    expect(key.status.latest.state).toBe("Disabled");
    expect(key.status.visibleAt(START_MS + 1199)?.state).toBe("Enabled");
    expect(key.status.visibleAt(START_MS + 1200)?.state).toBe("Disabled");
  });

  test("whose waiting period is over is gone with its aliases; others stay", () => {
    const store = storeWith(NO_DELAYS);
    const leaving = store.addKey(newKey("k1"), START_MS);
    store.addKey(newKey("k2"), START_MS);
    store.createAlias(aliasTo("k1"), START_MS);
    store.createAlias(aliasTo("k2", "alias/b"), START_MS);
    const deletionDateMs = START_MS + 7 * DAY_MS;
    store.setKeyStatus(leaving, { state: "PendingDeletion", deletionDateMs }, START_MS);
    store.deleteDueKeys(deletionDateMs - 1);
    expect(store.keys(deletionDateMs)).toHaveLength(2);
    store.deleteDueKeys(deletionDateMs);
    expect(store.keys(deletionDateMs).map(({ keyId }) => keyId)).toEqual(["k2"]);
    expect(store.aliases(deletionDateMs).map(({ name }) => name)).toEqual(["alias/b"]);
    expect(saved.at(-1)?.keys.map(({ keyId }) => keyId)).toEqual(["k2"]);
  });
});

describe("an alias", () => {
  test("has its name taken at once, however late it is seen", () => {
    const store = storeWith({ ...DELAYS, newKeyVisibilityDelayMs: 0 });
    store.addKey(newKey("k1"), START_MS);
    store.createAlias(aliasTo("k1"), START_MS);
    expect(refusalOf(() => store.createAlias(aliasTo("k1"), START_MS))).toBe("AlreadyExistsException");
    expect(store.countAliasesOf("k1")).toBe(1);
    expect(store.aliases(START_MS + 99)).toEqual([]);
    expect(refusalOf(() => store.keyOrAlias("alias/a", START_MS + 99))).toBe("NotFoundException");
    expect(store.keyOrAlias("alias/a", START_MS + 100).keyId).toBe("k1");
  });

  test("that moves is read as it was until the delay is over, and can be made again once it is removed", () => {
    const store = storeWith({ ...DELAYS, newKeyVisibilityDelayMs: 0 });
    for (const keyId of ["k1", "k2"]) store.addKey(newKey(keyId), START_MS);
    store.createAlias(aliasTo("k1"), START_MS);
    store.changeAlias("alias/a", aliasTo("k2"), START_MS + 1000);
    expect(store.latestAlias("alias/a").targetKeyId).toBe("k2");
    expect(store.keyOrAlias("alias/a", START_MS + 1099).keyId).toBe("k1");
    expect(store.keyOrAlias("alias/a", START_MS + 1100).keyId).toBe("k2");
    store.changeAlias("alias/a", null, START_MS + 2000);
    expect(refusalOf(() => store.latestAlias("alias/a"))).toBe("NotFoundException");
    expect(refusalOf(() => store.changeAlias("alias/a", aliasTo("k1"), START_MS + 2000))).toBe("NotFoundException");
    expect(store.keyOrAlias("alias/a", START_MS + 2099).keyId).toBe("k2");
    store.createAlias(aliasTo("k1"), START_MS + 2000);
    expect(store.keyOrAlias("alias/a", START_MS + 2100).keyId).toBe("k1");
  });

  test("that was never made can be neither moved nor read", () => {
    const store = storeWith(NO_DELAYS);
    expect(refusalOf(() => store.changeAlias("alias/a", null, START_MS))).toBe("NotFoundException");
    expect(refusalOf(() => store.latestAlias("alias/a"))).toBe("NotFoundException");
  });
});

describe("every change", () => {
  test("is saved as made, before readers see it, and comes back as visible", () => {
    const store = storeWith(DELAYS);
    const key = store.addKey(newKey("k1"), START_MS);
    store.createAlias(aliasTo("k1"), START_MS);
    store.setKeyStatus(key, { state: "Disabled" }, START_MS);
    store.setTags(key, new Map([["ring", "other"]]));
    expect(saved).toHaveLength(4);
    const last = saved.at(-1) ?? { keys: [], aliases: [] };
    expect(last).toMatchObject({ ...PLACE, aliases: [aliasTo("k1")] });
    expect(last.keys).toMatchObject([{ keyId: "k1", status: { state: "Disabled" } }]);
    const restarted = storeWith(DELAYS, last);
    const found = restarted.keyOrAlias("alias/a", START_MS);
    expect(found.status.visibleAt(START_MS)?.state).toBe("Disabled");
    expect([...found.tags]).toEqual([["ring", "other"]]);
  });

  test("that could not be saved stops the store, since memory and file no longer agree", () => {
    const store = new KmsStore({ ...PLACE, keys: [], aliases: [] }, NO_DELAYS, () => {
      throw new Error("the disk is full");
    });
    expect(() => store.assertSaved()).not.toThrow();
    expect(() => store.addKey(newKey("k1"), START_MS)).toThrow("the disk is full");
    expect(refusalOf(() => store.assertSaved())).toBe("KMSInternalException");
  });

  test("of nothing is not saved", () => {
    const store = storeWith(NO_DELAYS);
    store.addKey(newKey("k1"), START_MS);
    store.deleteDueKeys(START_MS + 999 * DAY_MS);
    expect(saved).toHaveLength(1);
  });
});
