/**
 * docs/iam.md: the policies allow what each role does, and nothing to keys of others; as HCL they allow the same as in JSON; and the
 * example of a ring's policy is one.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readRingPolicy } from "../../../issuer/config/ring-policy.ts";
import { isAllowed } from "../../support/iam.ts";
import type { IamRequest } from "../../support/iam.ts";
import { jsonObject } from "../../support/values.ts";

const PAGE = await readFile(new URL("../../../docs/iam.md", import.meta.url), "utf8");

function blocks(language: string): readonly string[] {
  return [...PAGE.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );
}

/** What is allowed, and under which conditions. */
function namesIn(text: string): readonly string[] {
  return [
    ...text.matchAll(
      /"((?:kms|aws|dynamodb):[\w/:]+|For(?:Any|All)\w+:\w+|\w+(?:Equals|IfExists)|Null|ECDSA_SHA_256|DIGEST|SIGN_VERIFY)"/g,
    ),
  ]
    .map(([, name = ""]) => name)
    .filter((name, index, all) => all.indexOf(name) === index)
    .toSorted();
}

/** The documents of a block of HCL, by name. */
function documentsIn(hcl: string): Readonly<Record<string, string>> {
  const parts = hcl.split(/data "aws_iam_policy_document" "(\w+)"/).slice(1);
  return Object.fromEntries(parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? ""]] : [])));
}

test("JSON and HCL name the same actions, condition operators and condition keys", () => {
  const [signer, rotator, ...others] = blocks("json").filter((block) => block.includes('"Version"'));
  const [revoker, rotatorRevocations] = others.filter((block) => !block.includes("newKeys"));
  const [keys, , table] = blocks("hcl").map(documentsIn);
  const compared = [
    [keys?.["signer"], signer],
    [keys?.["rotator"], rotator],
    [table?.["revoker"], revoker],
    [table?.["rotator_revocations"], rotatorRevocations],
  ];
  for (const [hcl = "", json = ""] of compared) {
    expect(namesIn(hcl)).toEqual(namesIn(json));
    expect(namesIn(json).length).toBeGreaterThan(4);
  }
});

const KMS = "arn:aws:kms:eu-central-1:111122223333";
const KEY = `${KMS}:key/1234abcd`;

function allows(sid: string, action: string, resource: string, context: IamRequest["context"] = {}): boolean {
  const policy = jsonObject(blocks("json").find((block) => block.includes(sid)) ?? "");
  return isAllowed(policy, { action, resource, context });
}

describe("the rotator's policy", () => {
  const may = (action: string, resource: string, context?: IamRequest["context"]): boolean =>
    allows("CreateKeysOfTheRing", action, resource, context);
  const isMain = { "aws:RequestTag/sealgate:ring": ["main"] };
  const OWN = { "aws:ResourceTag/sealgate:ring": ["main"] };
  const ON_A_KEY = [
    "Sign",
    "GetPublicKey",
    "DescribeKey",
    "ListResourceTags",
    "DisableKey",
    "UpdateAlias",
    "CreateAlias",
  ];

  // KMS asks for kms:TagResource when a key is created with tags. That key has no tags yet.
  test("creates a key with its tags", () => {
    expect(may("kms:CreateKey", "*", { ...isMain, "kms:KeyUsage": ["SIGN_VERIFY"] })).toBe(true);
    expect(may("kms:TagResource", KEY, { ...isMain, "kms:KeyUsage": ["SIGN_VERIFY"] })).toBe(true);
  });

  test("keeps the ring's keys and aliases", () => {
    for (const action of [...ON_A_KEY, "TagResource"])
      expect([action, may(`kms:${action}`, KEY, OWN)]).toEqual([action, true]);
    const window = { "kms:ScheduleKeyDeletionPendingWindowInDays": ["7"] };
    expect(may("kms:ScheduleKeyDeletion", KEY, { ...OWN, ...window })).toBe(true);
    for (const action of ["kms:CreateAlias", "kms:UpdateAlias"])
      expect(may(action, `${KMS}:alias/sealgate/main/active`)).toBe(true);
    for (const action of ["kms:ListKeys", "kms:ListAliases"]) expect(may(action, "*")).toBe(true);
  });

  const foreign = {
    "a key that is not the ring's": { "kms:ResourceAliases": ["alias/payroll"] },
    "a key of another ring": {
      "kms:ResourceAliases": ["alias/sealgate/west/3"],
      "aws:ResourceTag/sealgate:ring": ["west"],
    },
    "a key of another ring that has no alias yet": { "aws:ResourceTag/sealgate:ring": ["west"] },
  };
  test.for(Object.entries(foreign))("does nothing to %s, and cannot make it its own", ([, context]) => {
    for (const action of [...ON_A_KEY, "ScheduleKeyDeletion"])
      expect([action, may(`kms:${action}`, KEY, context)]).toEqual([action, false]);
    expect(may("kms:TagResource", KEY, { ...context, ...isMain })).toBe(false);
    expect(may("kms:CreateAlias", `${KMS}:alias/sealgate/west/4`)).toBe(false);
  });
});

describe("the signer's policy", () => {
  const sign = (aliases: readonly string[]): boolean =>
    allows("SignWithTheRing", "kms:Sign", KEY, {
      "kms:ResourceAliases": aliases.map((name) => `alias/sealgate/main/${name}`),
      "kms:SigningAlgorithm": ["ECDSA_SHA_256"],
      "kms:MessageType": ["DIGEST"],
    });

  test("signs with the token keys, and not with a root key", () => {
    expect(sign(["active", "3"])).toBe(true);
    for (const root of ["root", "root-2"]) expect(sign([root])).toBe(false);
    expect(sign([])).toBe(false);
  });
});

test("the policy with newKeys is one", () => {
  const text = blocks("json").find((block) => block.includes("newKeys")) ?? "";
  const { newKeys } = readRingPolicy({ SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_POLICY: text });
  expect(newKeys).toMatchObject({ tags: { team: "identity" }, description: "Owner: platform team" });
});
