/** What goes wrong before KMS is asked: configuration that is missing or wrong, and credentials that cannot be had. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import { classifyBeforeAsking } from "../../../../issuer/kms/before-asking.ts";
import { inspectError } from "../../../../issuer/kms/seen-error.ts";
import type { SeenError } from "../../../../issuer/kms/seen-error.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";

let aws: TestKms;
beforeAll(async () => {
  aws = await startTestKms();
});
afterAll(() => aws.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function errorFrom(attempt: Promise<unknown>): Promise<Error> {
  return attempt.then(
    () => Promise.reject(new Error("the test expected a failure")),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
}

describe("AWS configuration that is missing", () => {
  test("no credentials: kms_credentials_missing", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    const error = await errorFrom(createAwsKms().describeKey("alias/a"));
    expect(error).toMatchObject({ code: "kms_credentials_missing", retryable: false });
  });

  test("no Region: config_invalid, naming the variable", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    const error = await errorFrom(createAwsKms().describeKey("alias/a"));
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(error.message).toContain("AWS_REGION");
  });

  test("an endpoint that is no URL: config_invalid, naming the variable", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_KMS", "not a url");
    const error = await errorFrom(createAwsKms().describeKey("alias/a"));
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(error.message).toContain("AWS_ENDPOINT_URL_KMS");
  });

  test("an endpoint that another setting forbids: config_invalid, naming both", async () => {
    vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
    const error = await errorFrom(createAwsKms().describeKey("alias/a"));
    expect(error).toMatchObject({ code: "config_invalid", retryable: false });
    expect(error.message).toMatch(/AWS_ENDPOINT_URL_KMS.*AWS_USE_FIPS_ENDPOINT/);
  });

  test("the environment alone leads to the emulator", async () => {
    await expect(createAwsKms().describeKey(await aws.createKeyFor("ES256"))).resolves.toMatchObject({
      keySpec: "ECC_NIST_P256",
    });
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

describe("the fault of a call that has not reached KMS", () => {
  const seen = (more: object): SeenError => ({ ...inspectError(undefined), ...more });

  test.each([
    ["waiting", { name: "TimeoutError" }, "connections_busy", true],
    ["waiting", { name: "AbortError" }, "connections_busy", true],
    ["preparing", { name: "TimeoutError" }, "kms_credentials_missing", true],
    ["preparing", { name: "AbortError" }, "kms_credentials_missing", true],
    ["preparing", { message: "Region is missing" }, "config_invalid", false],
    ["preparing", { message: 'Region not accepted: region=""' }, "config_invalid", false],
    ["preparing", { name: "TokenProviderError" }, "kms_credentials_missing", false],
    ["preparing", { name: "ExpiredTokenException", status: 400 }, "kms_credentials_expired", false],
    ["preparing", { name: "AccessDenied", status: 403 }, "kms_credentials_invalid", false],
    ["preparing", { name: "Throttling", status: 429 }, "kms_credentials_missing", true],
    ["preparing", { name: "ServiceUnavailable", status: 503 }, "kms_credentials_missing", true],
    ["preparing", { name: "AccessDeniedException", status: 400 }, "kms_credentials_invalid", false],
    ["preparing", { errno: "ECONNREFUSED" }, "kms_credentials_missing", true],
    ["preparing", { errno: "ENOENT", path: "/missing" }, "kms_credentials_missing", false],
    ["preparing", { name: "TypeError" }, "issuer_failed", false],
  ] as const)("%s, %j: %s", (stage, more, code, retryable) => {
    expect(classifyBeforeAsking(seen(more), stage)).toMatchObject({ code, retryable });
  });

  test("says what to change about the Region: to set it, or to correct it", () => {
    const adviceFor = (message: string): string => classifyBeforeAsking(seen({ message }), "preparing").advice;
    expect(adviceFor('Region not accepted: region=""')).toContain("Set AWS_REGION");
    expect(adviceFor('Region not accepted: region="us_east_1"')).toContain("Correct AWS_REGION");
  });
});
