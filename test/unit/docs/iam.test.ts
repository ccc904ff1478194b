/** docs/iam.md: the policies as HCL allow what they allow as JSON, and the example of a ring's policy is one. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readRingPolicy } from "../../../issuer/config/ring-policy.ts";

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

test("the policy with newKeys is one", () => {
  const text = blocks("json").find((block) => block.includes("newKeys")) ?? "";
  const { newKeys } = readRingPolicy({ SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_POLICY: text });
  expect(newKeys).toMatchObject({ tags: { team: "identity" }, description: "Owner: platform team" });
});
