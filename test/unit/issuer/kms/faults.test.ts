/**
 * What goes wrong between the issuer and KMS, each made at the network's edge: throttling, time-outs that really fire, broken
 * connections, strangers that answer, configuration that is missing. Every fault is coded, says what to do, and repeats nothing
 * of a token.
 */
import { createServer as createHttpServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { Server } from "node:net";
import { inspect } from "node:util";
import { DisableKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createIssuer } from "../../../../issuer/issuer.ts";
import type { Issuer } from "../../../../issuer/issuer.ts";
import type { AwsClientOptions } from "../../../../issuer/kms/aws-client.ts";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import type { FaultKind } from "../../../../issuer/kms-emulator/index.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";

const CANARY = "canary-claim-value";
/** The canary as it travels: inside the payload, and inside the body of the request, at all three alignments. */
const CANARY_SPELLINGS = [CANARY, Buffer.from(CANARY), Buffer.from(`.${CANARY}`), Buffer.from(`..${CANARY}`)].map(
  (text) => (typeof text === "string" ? text : text.toString("base64url").slice(4, -4)),
);

let aws: TestKms;
const servers: Server[] = [];
beforeAll(async () => {
  aws = await startTestKms();
});
afterAll(() => aws.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
});
afterEach(() => {
  aws.emulator.faults.clear();
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});

/** Ed25519: the one algorithm for which KMS is sent the claims themselves. */
async function issuerWith(options: AwsClientOptions = {}, keyId?: string): Promise<Issuer> {
  const kms = createAwsKms(options);
  const signer = await createKmsSigner({ keyId: keyId ?? (await aws.createKeyFor("EdDSA")), alg: "EdDSA", kms });
  return createIssuer({ issuer: "https://auth.example.com", signer, maxTokenTtlSeconds: 600 });
}

function sign(issuer: Issuer): Promise<unknown> {
  return issuer.sign({ sub: CANARY }, { audience: "api" });
}

async function errorFrom(attempt: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("the test expected a failure");
}

function expectNoCanary(error: Error): void {
  const everything = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
  for (const spelling of CANARY_SPELLINGS) expect(everything).not.toContain(spelling);
  // Nor anything else that could be a part of a token, encoded however often.
  expect(everything).not.toMatch(/[\w+/=-]{120,}/);
}

const PASSING: readonly (readonly [FaultKind, string])[] = [
  ["throttle", "kms_throttled"],
  ["internal_error", "kms_internal"],
  ["dependency_timeout", "kms_internal"],
  ["key_unavailable", "kms_key_unavailable"],
  ["bad_gateway", "kms_internal"],
  ["reset", "kms_unreachable"],
  ["lost_answer", "kms_unreachable"],
  ["hang", "kms_timeout"],
];

describe.each(PASSING)("a passing fault of KMS: %s", (kind, code) => {
  const options: AwsClientOptions = { requestTimeoutMs: 150, maxAttempts: 2 };

  test("is retried, and the token is good", async () => {
    const issuer = await issuerWith(options);
    aws.emulator.faults.add({ operation: "Sign", kind, times: 1 });
    await expect(sign(issuer)).resolves.toMatchObject({ token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{86}$/) });
  });

  test(`that lasts ends as ${code} after a bounded number of attempts, and shows no claim`, async () => {
    const issuer = await issuerWith(options);
    aws.emulator.faults.add({ operation: "Sign", kind });
    const before = aws.emulator.requests.Sign;
    const error = await errorFrom(sign(issuer));
    expect(error).toMatchObject({ name: "SealgateError", code, retryable: true });
    expect(aws.emulator.requests.Sign - before).toBe(2);
    expectNoCanary(error);
  });
});

describe.each([
  ["expired_credentials", "kms_credentials_expired"],
  ["access_denied", "kms_access_denied"],
] as const)("a lasting fault of KMS: %s", (kind, code) => {
  test("is not retried, and shows no claim", async () => {
    const issuer = await issuerWith();
    aws.emulator.faults.add({ operation: "Sign", kind });
    const before = aws.emulator.requests.Sign;
    const error = await errorFrom(sign(issuer));
    expect(error).toMatchObject({ code, retryable: false });
    expect(aws.emulator.requests.Sign - before).toBe(1);
    expectNoCanary(error);
  });
});

test.each(["wrong_key", "wrong_key_id", "double_hash", "garbled_signature"] as const)(
  "an answer that is wrong (%s) shows no claim either",
  async (kind) => {
    const issuer = await issuerWith();
    aws.emulator.faults.add({ operation: "Sign", kind });
    expectNoCanary(await errorFrom(sign(issuer)));
  },
);

describe("a key that is withdrawn under its signer", () => {
  test("disabled: kms_key_disabled", async () => {
    const keyId = await aws.createKeyFor("EdDSA");
    const issuer = await issuerWith({}, keyId);
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    await expect(sign(issuer)).rejects.toMatchObject({ code: "kms_key_disabled", retryable: false });
  });

  test("waiting for its deletion: kms_key_pending_deletion", async () => {
    const keyId = await aws.createKeyFor("EdDSA");
    const issuer = await issuerWith({}, keyId);
    await aws.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    await expect(sign(issuer)).rejects.toMatchObject({ code: "kms_key_pending_deletion", retryable: false });
  });
});

describe("every call ends", () => {
  const patient: AwsClientOptions = { requestTimeoutMs: 3_600_000, maxAttempts: 1, totalTimeoutMs: 150 };

  test("at the deadline, when an attempt takes too long", async () => {
    const issuer = await issuerWith(patient);
    aws.emulator.faults.add({ operation: "Sign", kind: "hang" });
    const error = await errorFrom(sign(issuer));
    expect(error).toMatchObject({ code: "kms_timeout", retryable: true });
    expect(error.message).toContain("limit: 150 ms");
  });

  test("at the deadline, in the middle of waiting for the next attempt", async () => {
    const issuer = await issuerWith({ ...patient, maxAttempts: 1000 });
    aws.emulator.faults.add({ operation: "Sign", kind: "throttle" });
    await expect(sign(issuer)).rejects.toMatchObject({ code: "kms_timeout" });
  });

  test("at the deadline, when an answer starts and never finishes", async () => {
    const endpoint = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": "1000" });
      response.write('{"KeyId":');
    });
    const kms = createAwsKms({ ...patient, endpoint });
    await expect(kms.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_timeout" });
  });

  test("at the deadline, when credentials cannot be found out", async () => {
    const credentials = (): Promise<never> => Promise.withResolvers<never>().promise;
    const client = new KMSClient({ region: "us-east-1", endpoint: aws.emulator.url, credentials });
    const kms = createAwsKms({ client, totalTimeoutMs: 150 });
    const error = await errorFrom(kms.describeKey("alias/a"));
    expect(error).toMatchObject({ code: "kms_credentials_missing", retryable: true });
    expect(error.message).toMatch(/ was not asked: The source of the AWS credentials /);
  });

  test("when TLS is never agreed upon", async () => {
    const server = createTcpServer(() => {});
    const port = await portOf(server);
    const kms = createAwsKms({ endpoint: `https://127.0.0.1:${port}`, requestTimeoutMs: 150, maxAttempts: 1 });
    await expect(kms.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_timeout" });
  });

  test("one slow call leaves the others their time", async () => {
    const issuer = await issuerWith({ ...patient, totalTimeoutMs: 10_000, requestTimeoutMs: 150 });
    aws.emulator.faults.add({ operation: "Sign", kind: "hang", times: 1 });
    const outcomes = await Promise.allSettled([sign(issuer), sign(issuer), sign(issuer)]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  });
});

describe("a KMS that is not there", () => {
  test("nobody listens: kms_unreachable", async () => {
    const server = createTcpServer();
    const port = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const kms = createAwsKms({ endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1 });
    const error = await errorFrom(kms.describeKey("alias/a"));
    expect(error).toMatchObject({ code: "kms_unreachable", retryable: true });
    expect(error.message).toContain("ECONNREFUSED");
  });

  test("a certificate nobody trusts, or no TLS at all: kms_unreachable", async () => {
    const endpoint = (await listen((_request, response) => response.end())).replace("http:", "https:");
    const kms = createAwsKms({ endpoint, maxAttempts: 1 });
    await expect(kms.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_unreachable" });
  });

  test.each(["<html>hello</html>", "{}", '{"KeyMetadata":{}}', '{"KeyMetadata":{"Arn":"x"}}', "[1]", ""])(
    "something else answers 200 with %j: kms_internal",
    async (body) => {
      const endpoint = await listen((_request, response) => response.end(body));
      const kms = createAwsKms({ endpoint, maxAttempts: 1 });
      await expect(kms.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_internal" });
    },
  );
});

test.each([
  { requestTimeoutMs: 0 },
  { connectionTimeoutMs: -1 },
  { maxAttempts: 1.5 },
  { maxSockets: Number.NaN },
  { totalTimeoutMs: 0 },
  { endpoint: "nowhere" },
])("a client with %j is refused", (options) => {
  expect(() => createAwsKms(options)).toThrow(TypeError);
});

test("options that a given client would ignore are refused", () => {
  expect(() => createAwsKms({ client: aws.client, maxAttempts: 5 })).toThrow(
    "a given client brings its own maxAttempts",
  );
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  return `http://127.0.0.1:${await portOf(server)}`;
}

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test expected a TCP port");
  return address.port;
}
