/** Tags of the embedded KMS, through the real SDK, with their limits and pages. */
import {
  CreateKeyCommand,
  ListResourceTagsCommand,
  paginateListResourceTags,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-kms";
import type { KMSClient, Tag } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { createKey, expectRefusal, setUp } from "../support.ts";

function tag(client: KMSClient, KeyId: string, ...Tags: Tag[]): Promise<unknown> {
  return client.send(new TagResourceCommand({ KeyId, Tags }));
}

async function tagsOf(
  client: KMSClient,
  KeyId: string,
): Promise<(readonly [string | undefined, string | undefined])[]> {
  const { Tags } = await client.send(new ListResourceTagsCommand({ KeyId }));
  return (Tags ?? []).map(({ TagKey, TagValue }) => [TagKey, TagValue]);
}

function numbered(count: number): Tag[] {
  return Array.from({ length: count }, (_, index) => ({ TagKey: `k${index}`, TagValue: `${index}` }));
}

test("tags are added, replaced by key and removed by key", async () => {
  const { client } = await setUp();
  const { keyId, arn } = await createKey(client);
  await tag(client, keyId, { TagKey: "sealgate:ring", TagValue: "main" }, { TagKey: "empty", TagValue: "" });
  await tag(client, arn, { TagKey: "sealgate:ring", TagValue: "second" });
  expect(await tagsOf(client, keyId)).toEqual([
    ["empty", ""],
    ["sealgate:ring", "second"],
  ]);
  await client.send(new UntagResourceCommand({ KeyId: keyId, TagKeys: ["empty", "never-there"] }));
  expect(await tagsOf(client, keyId)).toEqual([["sealgate:ring", "second"]]);
});

test("a key has at most 50 tags, and replacing one is not adding one", async () => {
  const { client } = await setUp();
  const { keyId } = await createKey(client);
  await tag(client, keyId, ...numbered(50));
  await expectRefusal(tag(client, keyId, { TagKey: "one-more", TagValue: "" }), "LimitExceededException");
  await tag(client, keyId, { TagKey: "k0", TagValue: "changed" });
  expect(await tagsOf(client, keyId)).toHaveLength(50);
});

test.each<readonly [string, Tag[], string]>([
  ["a key of AWS's own prefix", [{ TagKey: "aws:x", TagValue: "" }], "TagException"],
  [
    "the same key twice",
    [
      { TagKey: "a", TagValue: "1" },
      { TagKey: "a", TagValue: "2" },
    ],
    "TagException",
  ],
  ["a character that is not allowed", [{ TagKey: "a*", TagValue: "" }], "TagException"],
  ["a value with a character that is not allowed", [{ TagKey: "a", TagValue: "<b>" }], "TagException"],
  ["an empty key", [{ TagKey: "", TagValue: "" }], "ValidationException"],
  ["a key over 128 characters", [{ TagKey: "a".repeat(129), TagValue: "" }], "ValidationException"],
  ["a value over 256 characters", [{ TagKey: "a", TagValue: "b".repeat(257) }], "ValidationException"],
  ["more than 50 at once", numbered(51), "ValidationException"],
])("%s is refused, at creation as later", async (_case, tags, error) => {
  const { client } = await setUp();
  const { keyId } = await createKey(client);
  await expectRefusal(tag(client, keyId, ...tags), error);
  expect(await tagsOf(client, keyId)).toEqual([]);
  const created = client.send(new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", Tags: tags }));
  await expectRefusal(created, error);
});

test("pages through every tag once, with limits from 1 to 50", async () => {
  const { client } = await setUp();
  const { keyId } = await createKey(client);
  await tag(client, keyId, ...numbered(12));
  const seen: (string | undefined)[] = [];
  for await (const page of paginateListResourceTags({ client, pageSize: 5 }, { KeyId: keyId })) {
    seen.push(...(page.Tags ?? []).map(({ TagKey }) => TagKey));
  }
  expect(seen).toHaveLength(12);
  expect(new Set(seen)).toEqual(new Set(numbered(12).map(({ TagKey }) => TagKey)));
  for (const Limit of [0, 51]) {
    await expectRefusal(client.send(new ListResourceTagsCommand({ KeyId: keyId, Limit })), "ValidationException");
  }
  await expectRefusal(
    client.send(new ListResourceTagsCommand({ KeyId: keyId, Marker: "x" })),
    "InvalidMarkerException",
  );
});

test("tags need an existing key, named by id or ARN", async () => {
  const { client } = await setUp();
  await expectRefusal(tag(client, "alias/a", { TagKey: "a", TagValue: "" }), "NotFoundException");
  await expectRefusal(tagsOf(client, "00000000-0000-4000-8000-000000000000"), "NotFoundException");
});
