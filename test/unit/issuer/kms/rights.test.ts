/** KMS's dry runs, against the embedded KMS: what is allowed, what is not, and an endpoint that carries them out. */
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { kmsAlgorithmOf } from "../../../../issuer/kms/algorithms.ts";
import { createKmsRights } from "../../../../issuer/kms/rights.ts";
import type { KmsTrial } from "../../../../issuer/kms/rights.ts";
import type { Alg } from "../../../../shared/algorithms.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.close());

async function trialFor(alg: Alg): Promise<KmsTrial> {
  return { keyArn: await kms.createKeyFor(alg), ...kmsAlgorithmOf(alg) };
}

test.each(["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const)(
  "%s: both calls are allowed, and no signature is made",
  async (alg) => {
    const rights = createKmsRights({ client: kms.client });
    const trial = await trialFor(alg);
    await expect(rights.trySign(trial)).resolves.toBeUndefined();
    await expect(rights.tryVerify(trial)).resolves.toBeUndefined();
  },
);

test("a call that is denied has the code of the call itself", async () => {
  const rights = createKmsRights({ client: kms.client });
  const trial = await trialFor("ES256");
  onTestFinished(() => kms.emulator.faults.clear());
  kms.emulator.faults.add({ operation: "*", kind: "access_denied" });
  await expect(rights.trySign(trial)).rejects.toMatchObject({ code: "kms_access_denied" });
  await expect(rights.tryVerify(trial)).rejects.toMatchObject({ code: "kms_access_denied" });
});

test("an endpoint that carries a dry run out, as some emulators do, is not believed", async () => {
  const trial = await trialFor("ES256");
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(
      JSON.stringify({
        KeyId: trial.keyArn,
        Signature: "AAAA",
        SignatureValid: true,
        SigningAlgorithm: "ECDSA_SHA_256",
      }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  for (const [name, value] of Object.entries(kms.env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const rights = createKmsRights({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1" });
  await expect(rights.trySign(trial)).rejects.toMatchObject({
    code: "kms_internal",
    message: expect.stringContaining("dry runs") as unknown,
  });
  await expect(rights.tryVerify(trial)).rejects.toMatchObject({ code: "kms_internal" });
});

test("it names the caller by the access key, which is no secret", async () => {
  const rights = createKmsRights({ client: kms.client });
  expect(await rights.whose()).toEqual({ accessKeyId: "AKIDEXAMPLE", region: "us-east-1" });
});
