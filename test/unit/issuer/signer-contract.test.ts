/** The contract of signers: over a KMS key, of a ring, and the one that tests use in place of KMS. */
import { afterAll, beforeAll } from "vitest";
import { createRingSigner, createTaggedPublishedKeys, leadSeconds } from "../../../issuer/key-ring/index.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { createLocalSigner } from "../../support/local-signer.ts";
import { MAIN_RING, startedRing } from "../../support/ring-world.ts";
import { describeSignerContract } from "../../support/signer-contract.ts";

let aws: TestKms;
beforeAll(async () => {
  aws = await startTestKms();
});
afterAll(() => aws.close());

for (const alg of ALGS) {
  let keyId: string | undefined;
  describeSignerContract("a KMS key", alg, async () => {
    keyId ??= await aws.createKeyFor(alg);
    return createKmsSigner({ keyId, alg, kms: aws.kms });
  });

  describeSignerContract("a key in memory", alg, () => createLocalSigner(alg));
}

describeSignerContract("a ring", "ES256", async () => {
  const world = await startedRing();
  const { kms } = world.ports;
  const ring = createRingSigner({
    ring: MAIN_RING,
    kms,
    published: createTaggedPublishedKeys(kms),
    leadSeconds: leadSeconds(world.policy.timing),
    clock: world.now,
  });
  return ring.current();
});
