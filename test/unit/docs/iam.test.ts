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

/** What is allowed under each Sid, and under which conditions. */
function namesIn(text: string): readonly string[] {
  return [
    ...text.matchAll(
      /"((?:kms|aws):[\w/:]+|For(?:Any|All)\w+:\w+|\w+(?:Equals|IfExists)|ECDSA_SHA_256|DIGEST|SIGN_VERIFY)"/g,
    ),
  ]
    .map(([, name = ""]) => name)
    .filter((name, index, all) => all.indexOf(name) === index)
    .toSorted();
}

test("JSON and HCL name the same actions, condition operators and condition keys", () => {
  const [signer = "", rotator = ""] = blocks("json");
  const [hcl = ""] = blocks("hcl");
  const inHcl = hcl.split('data "aws_iam_policy_document" "rotator"');
  expect(namesIn(inHcl[0] ?? "")).toEqual(namesIn(signer));
  expect(namesIn(inHcl[1] ?? "")).toEqual(namesIn(rotator));
  expect(namesIn(signer).length + namesIn(rotator).length).toBeGreaterThan(20);
});

test("the policy with newKeys is one", () => {
  const text = blocks("json").find((block) => block.includes("newKeys")) ?? "";
  const { newKeys } = readRingPolicy({ SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_POLICY: text });
  expect(newKeys).toMatchObject({ tags: { team: "identity" }, description: "Owner: platform team" });
});
