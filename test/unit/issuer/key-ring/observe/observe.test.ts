/** What an observation shows, over the embedded KMS and the fake Cloudflare API. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createRingMemory } from "../../../../../issuer/key-ring/observe/memory.ts";
import { observeRing } from "../../../../../issuer/key-ring/observe/observe.ts";
import { ringName } from "../../../../support/key-sets.ts";
import { faultOf } from "../../../../support/published-by.ts";
import { ringPolicy, startedRing } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { encodeBase64url } from "../../../../../shared/base64url.ts";
import { serialiseKeySet } from "../../../../../shared/key-set.ts";
import type { KeySetDocument } from "../../../../../shared/key-set.ts";
import { given, kidOf } from "../../../../support/values.ts";

/** A document as the ring's root key would sign it, whatever it says. */
async function resigned(world: RingWorld, document: KeySetDocument): Promise<string> {
  const { keyArn } = given((await world.observe()).root);
  const root = await world.ports.createRootSigner(keyArn, "ES256", 60);
  const parts = [{ alg: root.alg, kid: root.kid, typ: "jwk-set+jwt" }, serialiseKeySet(document)];
  const input = parts.map((part) => encodeBase64url(new TextEncoder().encode(JSON.stringify(part)))).join(".");
  return `${input}.${encodeBase64url(await root.sign(input))}`;
}

describe("an observation", () => {
  test("reads a document that has expired, for its tombstones and its rev", async () => {
    const world = await startedRing();
    const document = await world.document();
    world.pass(10 * 86_400);
    expect(await world.document()).toEqual(document);
  });

  test("reads a document of an earlier version, which does not name its ring, as its own: no tombstone is lost", async () => {
    const world = await startedRing();
    const revoked = [{ kid: kidOf("gone"), at: world.now() }];
    const earlier = { ...(await world.document()), ring: undefined, roots: [], revoked };
    await world.overwrite(await resigned(world, earlier));
    await world.run();
    expect(await world.document()).toMatchObject({ ring: "main", revoked });
    expect((await world.document()).roots).toHaveLength(1);
  });

  test("does not believe a document of another ring, though its root key has signed it", async () => {
    const world = await startedRing();
    await world.overwrite(await resigned(world, { ...(await world.document()), ring: ringName("other") }));
    expect((await world.observe()).document).toEqual({ kind: "refused", problem: "key_set_wrong_ring" });
    await world.run();
    expect((await world.document()).ring).toBe("main");
  });

  test.each([
    ["key_set_wrong_issuer", { issuer: "https://other.example.com" }],
    ["key_set_malformed", undefined],
  ])("does not believe what is not the ring's document: %s", async (problem, other) => {
    const world = await startedRing();
    if (other === undefined) await world.overwrite("{}");
    const policy =
      other === undefined ? world.policy : { ...ringPolicy(), issuer: other.issuer as typeof world.policy.issuer };
    expect((await world.observe(policy)).document).toEqual({ kind: "refused", problem });
  });

  test("reads the document with a root key that was seen before it was disabled", async () => {
    const world = await startedRing();
    const memory = createRingMemory();
    const { root, document } = await observeRing(world.ports, world.policy, { memory });
    await world.kms.client.send(new DisableKeyCommand({ KeyId: given(root).keyId }));
    expect((await observeRing(world.ports, world.policy, { memory })).document).toEqual(document);
  });

  test("shows a store that does not answer, and fails when KMS does not", async () => {
    const world = await startedRing();
    world.cloudflare.script({ on: "read", times: 100, does: { kind: "answer", status: 401 } });
    const { document } = await world.observe();
    expect(document).toMatchObject({ kind: "unknown", fault: "publish_unauthorized" });
    expect(document).toMatchObject({ message: expect.stringContaining("answered 401") as string });
    world.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    expect((await faultOf(world.observe())).code).toBe("kms_access_denied");
  });
});
