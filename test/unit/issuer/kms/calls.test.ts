/** More calls at once than connections: they wait in order, and only the deadline of the whole call counts the wait. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { SealgateError } from "../../../../issuer/errors.ts";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import type { Kms } from "../../../../issuer/kms/port.ts";
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

describe("calls whose deadline passes while they share one connection", () => {
  const outcomesOf = async (calls: number, kms: Kms): Promise<readonly string[]> => {
    const ended = await Promise.allSettled(Array.from({ length: calls }, () => kms.describeKey(keyId)));
    return ended.map((one) => (one.status === "fulfilled" ? "ok" : codeOf(one.reason)));
  };

  test("only the one that asked KMS for its whole time says that KMS did not answer", async () => {
    const kms = createAwsKms({ maxSockets: 1, totalTimeoutMs: 2000, requestTimeoutMs: 60_000 });
    aws.emulator.faults.add({ operation: "DescribeKey", kind: "hang" });
    expect(countsOf(await outcomesOf(20, kms))).toEqual({ kms_timeout: 1, connections_busy: 19 });
  });

  test("one that waited for most of its time says that connections are busy, although KMS was asked", async () => {
    const kms = createAwsKms({ maxSockets: 1, totalTimeoutMs: 2000, requestTimeoutMs: 60_000 });
    // No answer comes earlier, so that the second call waits for more than half of its time on any machine.
    aws.emulator.faults.add({ operation: "DescribeKey", kind: "latency", latencyMs: 1200 });
    const [, ...afterTheFirst] = await outcomesOf(20, kms);
    expect(countsOf(afterTheFirst)).toEqual({ connections_busy: 19 });
  });
});

function codeOf(error: unknown): string {
  return error instanceof SealgateError ? error.code : String(error);
}

function countsOf(outcomes: readonly string[]): Record<string, number> {
  return outcomes.reduce<Record<string, number>>((counts, one) => ({ ...counts, [one]: (counts[one] ?? 0) + 1 }), {});
}

test("a symmetric key has no public half: the key is unfit, and no name is wrong", async () => {
  const symmetric = await aws.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
  await expect(createAwsKms().getPublicKey(symmetric)).rejects.toMatchObject({ code: "kms_key_unfit" });
});
