/** The signer of a configuration: a ring's active key, which moves, or one key, which does not. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createConfiguredSigners } from "../../../../issuer/config/signer-source.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import type { SignerSource } from "../../../../issuer/signer.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { startRingWorld, ringPolicy } from "../../../support/ring-world.ts";
import { faultOf } from "../../../support/published-by.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { given } from "../../../support/values.ts";

let aws: TestKms;
beforeAll(async () => {
  aws = await startTestKms();
});
afterAll(() => aws.close());
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The one source of a configuration without several rings. */
async function createSignerSource(...args: Parameters<typeof createConfiguredSigners>): Promise<SignerSource> {
  const configured = await createConfiguredSigners(...args);
  if (!("ring" in configured)) throw new TypeError("the test has configured one ring, or a key");
  return configured.ring;
}

/** What is under test makes its KMS client as a process of its own does, from the variables of the SDK. */
function useKms(env: TestKms["env"]): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

describe("one key", () => {
  test("is looked up at once, and is the signer from then on", async () => {
    useKms(aws.env);
    const keyId = await aws.createKeyFor("ES256");
    const source = await createSignerSource({ kind: "key", keyId, alg: "ES256" });
    const signer = await source.current();
    expect(await source.current()).toBe(signer);
    const direct = await createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
    expect(signer).toMatchObject({ kid: direct.kid, alg: "ES256" });
  });

  test("that cannot sign so fails before anything is asked of it", async () => {
    useKms(aws.env);
    const keyId = await aws.createKeyFor("ES384");
    const fault = await faultOf(createSignerSource({ kind: "key", keyId, alg: "ES256" }));
    expect(fault.code).toMatch(/^kms_/);
    const missing = createSignerSource({ kind: "key", keyId: "alias/none", alg: "ES256" });
    expect((await faultOf(missing)).code).toBe("kms_key_not_found");
  });
});

describe("a ring", () => {
  test("is not asked for before it has to sign, and then signs with its active key by the given clock", async () => {
    const world = await startRingWorld();
    useKms(world.kms.env);
    const source = await createSignerSource(
      { kind: "rings", rings: [{ policy: ringPolicy(), kms: {} }] },
      { clock: world.now },
    );
    expect(world.kms.emulator.requests.ListAliases).toBe(0);
    await world.run({ request: { kind: "init" } });
    expect((await source.current()).kid).toBe(given((await world.generation(1)).publicKey).kid);
    const { DescribeKey } = world.kms.emulator.requests;
    await source.current();
    expect(world.kms.emulator.requests.DescribeKey).toBe(DescribeKey);
    world.pass(3600);
    await source.current();
    expect(world.kms.emulator.requests.DescribeKey).toBeGreaterThan(DescribeKey);
  });
});

test("several rings are put together, each with the KMS of its Region", async () => {
  const [home, other] = [await startRingWorld(), await startRingWorld({ ring: given(parseRingName("west")) })];
  useKms(home.kms.env);
  await home.run({ request: { kind: "init" } });
  await other.run({ request: { kind: "init" } });
  const rings = [
    { policy: home.policy, kms: {} },
    { policy: other.policy, kms: { endpoint: other.kms.emulator.url, region: "eu-west-1" } },
  ] as const;
  const configured = await createConfiguredSigners({ kind: "rings", rings }, { clock: home.now });
  if (!("rings" in configured)) throw new TypeError("the test has configured two rings");
  expect(await configured.rings.check()).toMatchObject([
    { ring: "main", state: "waiting" },
    { ring: "west", state: "waiting" },
  ]);
  expect(other.kms.emulator.requests.Sign).toBeGreaterThan(0);
});
