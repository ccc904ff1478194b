/** More calls at once than connections: they wait in order, and only the deadline of the whole call counts the wait. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
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

describe("STS, which gives the credentials of a role", () => {
  const useRole = (stsUrl: string): void => {
    const directory = mkdtempSync(join(tmpdir(), "sealgate-sts-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, "token"), "a.b.c");
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r");
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", join(directory, "token"));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", stsUrl);
  };

  test("refuses: the trust policy is to be looked at, and no key policy", async () => {
    const body =
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>' +
      "<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>";
    const sts = createServer((_request, response) => response.writeHead(403, { "content-type": "text/xml" }).end(body));
    onTestFinished(() => void sts.close());
    useRole(await urlOf(sts));
    const before = { ...aws.emulator.requests };
    const call = createAwsKms({ maxAttempts: 1 }).describeKey("alias/a");
    await expect(call).rejects.toMatchObject({
      code: "kms_credentials_invalid",
      retryable: false,
      message: expect.stringMatching(/was not asked: .*trust policy/) as unknown,
    });
    expect(aws.emulator.requests).toEqual(before);
  });

  test("is not there: the network to it is to be looked at, and KMS is not blamed", async () => {
    const sts = createServer();
    useRole(await urlOf(sts));
    await new Promise((resolve) => sts.close(resolve));
    const call = createAwsKms({ maxAttempts: 1 }).describeKey("alias/a");
    await expect(call).rejects.toMatchObject({
      code: "kms_credentials_missing",
      retryable: true,
      message: expect.stringContaining("AWS_ENDPOINT_URL_STS") as unknown,
    });
  });
});

async function urlOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test expected a port");
  return `http://127.0.0.1:${address.port}`;
}

test("a symmetric key has no public half: the key is unfit, and no name is wrong", async () => {
  const symmetric = await aws.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
  await expect(createAwsKms().getPublicKey(symmetric)).rejects.toMatchObject({ code: "kms_key_unfit" });
});
