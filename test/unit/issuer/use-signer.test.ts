/** A key that is taken away under its signer: the issuer of a ring over the embedded KMS. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { createIssuer } from "../../../issuer/index.ts";
import type { Issuer } from "../../../issuer/index.ts";
import { createRingSigner, createTaggedPublishedKeys, leadSeconds } from "../../../issuer/key-ring/index.ts";
import { useSigner } from "../../../issuer/use-signer.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { faultOf } from "../../support/published-by.ts";
import { MAIN_RING, startedRing } from "../../support/ring-world.ts";
import type { RingWorld } from "../../support/ring-world.ts";
import { given } from "../../support/values.ts";

function issuerOf({ ports: { kms }, policy, now }: RingWorld): Issuer {
  const published = createTaggedPublishedKeys(kms);
  const ring = createRingSigner({
    ring: MAIN_RING,
    kms,
    published,
    leadSeconds: leadSeconds(policy.timing),
    clock: now,
  });
  return createIssuer({ issuer: TEST_ISSUER, ring, maxTokenTtlSeconds: 600, clock: now });
}

const sign = (issuer: Issuer): ReturnType<Issuer["sign"]> => issuer.sign({ sub: "user-1" }, { audience: "api" });

/** A ring whose second key every edge knows, and an issuer that holds the first. */
async function ripeRing(): Promise<{ readonly world: RingWorld; readonly issuer: Issuer }> {
  const world = await startedRing();
  world.pass(400);
  await world.run();
  const issuer = issuerOf(world);
  await sign(issuer);
  world.pass(10);
  return { world, issuer };
}

test("when the key is revoked and another one signs by now, the same call is signed by that one", async () => {
  const { world, issuer } = await ripeRing();
  const { tags } = await world.generation(1);
  await world.run({ request: { kind: "revoke", kid: given(tags.kid) } });
  expect((await sign(issuer)).kid).toBe((await world.generation(2)).tags.kid);
});

test("while no other key signs, the fault names what became of the key", async () => {
  const { world, issuer } = await ripeRing();
  await world.kms.client.send(new DisableKeyCommand({ KeyId: (await world.generation(1)).keyId }));
  expect((await faultOf(sign(issuer))).code).toBe("kms_key_disabled");
});

test("a fault that another key would not heal is thrown as it is, without a second look", async () => {
  const { world } = await ripeRing();
  const published = createTaggedPublishedKeys(world.ports.kms);
  const options = { ring: MAIN_RING, kms: world.ports.kms, published, leadSeconds: 0, clock: world.now };
  const source = createRingSigner(options);
  let uses = 0;
  const failing = useSigner(source, () => {
    uses += 1;
    return Promise.reject(new RangeError("of the caller"));
  });
  await expect(failing).rejects.toThrow(RangeError);
  expect(uses).toBe(1);
});
