/** What an operator wants of keys that a rotator creates, from the policy to KMS. */
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { NO_NEW_KEYS, newKeysProblems, newKeysTypeProblems } from "../../../../issuer/key-ring/new-keys.ts";
import type { NewKeys } from "../../../../issuer/key-ring/new-keys.ts";
import type { Kms } from "../../../../issuer/kms/port.ts";
import { startRingWorld } from "../../../support/ring-world.ts";
import { given } from "../../../support/values.ts";

const KEY_POLICY = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" }],
};
const WANTED: NewKeys = {
  tags: { "cost-center": "4711", Team: "identity" },
  keyPolicy: KEY_POLICY,
  description: "Owner: platform team",
};

test("each key of a ring is created with the tags, the key policy and the description in the same call", async () => {
  const world = await startRingWorld({ newKeys: WANTED });
  const policies: (string | undefined)[] = [];
  const kms: Kms = {
    ...world.ports.kms,
    createKey: (request) => {
      policies.push(request.policy);
      return world.ports.kms.createKey(request);
    },
  };
  const { observed } = await world.run({ request: { kind: "init" }, ports: { kms } });
  expect(policies).toEqual([1, 2, 3].map(() => JSON.stringify(KEY_POLICY)));
  for (const key of [given(observed.root), ...observed.generations]) {
    expect(await world.ports.kms.listTags(key.keyArn)).toMatchObject({ ...WANTED.tags, "sealgate:ring": "main" });
    const { KeyMetadata } = await world.kms.client.send(new DescribeKeyCommand({ KeyId: key.keyArn }));
    expect(KeyMetadata?.Description).toMatch(
      /^sealgate, ring main, (?:generation \d, ES256|key sets only)\. Owner: platform team$/,
    );
  }
});

test("KMS is sent a key policy only if there is one", async () => {
  const world = await startRingWorld();
  let request: object = {};
  const kms: Kms = {
    ...world.ports.kms,
    createKey: (given) => {
      request = given;
      return world.ports.kms.createKey(given);
    },
  };
  await world.run({ request: { kind: "init" }, ports: { kms } });
  expect(request).toMatchObject({ policy: undefined });
});

describe("what makes no sense is refused, each by its name", () => {
  const rulesOf = (changes: Partial<NewKeys>): string =>
    newKeysProblems({ ...NO_NEW_KEYS, ...changes })
      .map(({ member, rule }) => `${member} ${rule}`)
      .join("; ");

  test("in its values", () => {
    expect(newKeysProblems(WANTED)).toEqual([]);
    expect(rulesOf({ tags: { "sealgate:ring": "west" } })).toContain(
      "newKeys.tags must not have names that begin with",
    );
    expect(rulesOf({ tags: { "AWS:x": "1" } })).toContain("newKeys.tags must not have names that begin with");
    for (const tags of [{ "": "1" }, { a: "<" }, { a: "x".repeat(257) }, { ["x".repeat(129)]: "" }]) {
      expect(rulesOf({ tags })).toContain("newKeys.tags must be names of 1 to 128");
    }
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`tag${index}`, ""]));
    expect(rulesOf({ tags: many })).toContain("newKeys.tags must be at most 20");
    expect(rulesOf({ keyPolicy: {} })).toContain("newKeys.keyPolicy must be a key policy");
    expect(rulesOf({ keyPolicy: { ...KEY_POLICY, Id: "x".repeat(33_000) } })).toContain("at most 32768");
    expect(rulesOf({ description: "" })).toContain("newKeys.description must be 1 to");
  });

  test("in its types, as JSON has them", () => {
    expect(newKeysTypeProblems({ tags: { a: "1" }, keyPolicy: {}, description: "x" })).toEqual([]);
    expect(newKeysTypeProblems({ tags: { a: 1 }, keyPolicy: "x", description: 1, tag: {} })).toEqual([
      "newKeys.tags must be an object of strings",
      "newKeys.keyPolicy must be an object",
      "newKeys.description must be a string",
      'newKeys."tag" is not a member of a policy',
    ]);
    expect(newKeysTypeProblems("x")).toEqual(["newKeys must be an object"]);
  });
});
