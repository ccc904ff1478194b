/** More calls at once than connections: they wait in order, and only the deadline of the whole call counts the wait. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";

let aws: TestKms;
let keyId: string;
beforeAll(async () => {
  aws = await startTestKms();
  keyId = await aws.createKeyFor("ES256");
});
afterAll(() => aws.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
});
afterEach(() => {
  aws.emulator.faults.clear();
  vi.unstubAllEnvs();
});

test("twelve calls of 400 ms over one connection all succeed, in the order in which they were made", async () => {
  const kms = createAwsKms({ maxSockets: 1, totalTimeoutMs: 120_000 });
  aws.emulator.faults.add({ operation: "DescribeKey", kind: "latency", latencyMs: 400 });
  const ended: number[] = [];
  const calls = Array.from({ length: 12 }, async (_none, index) => {
    await kms.describeKey(keyId);
    ended.push(index);
  });
  await Promise.all(calls);
  expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}, 60_000);

test("1,500 signatures at once all succeed", async () => {
  const signer = await createKmsSigner({ keyId, alg: "ES256", kms: createAwsKms({ totalTimeoutMs: 120_000 }) });
  const issuer = createIssuer({ issuer: "https://auth.example.com", signer, maxTokenTtlSeconds: 600 });
  aws.emulator.faults.add({ operation: "Sign", kind: "latency", latencyMs: 20 });
  const signed = Array.from({ length: 1500 }, () => issuer.sign({ sub: "u" }, { audience: "api" }));
  const outcomes = await Promise.allSettled(signed);
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
}, 120_000);

test("a call that never gets a connection says that this process's connections are busy", async () => {
  const kms = createAwsKms({ maxSockets: 1, totalTimeoutMs: 300, requestTimeoutMs: 60_000 });
  aws.emulator.faults.add({ operation: "DescribeKey", kind: "hang" });
  // All deadlines pass at about the same time: a call or two may still get the connection of the one before.
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => kms.describeKey(keyId)));
  expect(outcomes[0]).toMatchObject({ reason: { code: "kms_timeout" } });
  expect(outcomes).toContainEqual({
    status: "rejected",
    reason: expect.objectContaining({ code: "connections_busy", retryable: true }) as unknown,
  });
});

test.each([
  [
    "a Region that is none",
    { AWS_REGION: "us_east_1", AWS_ENDPOINT_URL_KMS: "" },
    "config_invalid",
    "Correct AWS_REGION",
  ],
  [
    "a token file that is missing",
    {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/r",
      AWS_WEB_IDENTITY_TOKEN_FILE: "/missing/token",
    },
    "kms_credentials_missing",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
  ],
] as const)("%s is no fault of KMS", async (_what, env, code, message) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const call = createAwsKms({ maxAttempts: 1 }).describeKey("alias/a");
  await expect(call).rejects.toMatchObject({ code, retryable: false, message: expect.stringContaining(message) });
});

test("a symmetric key has no public half: the key is unfit, and no name is wrong", async () => {
  const symmetric = await aws.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
  await expect(createAwsKms().getPublicKey(symmetric)).rejects.toMatchObject({ code: "kms_key_unfit" });
});
