/**
 * What the client does to each request beyond the SDK's defaults: it is signed as AWS checks it, by the credentials of the
 * moment, and ends with its call.
 */
import { createHash, createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import { given } from "../../../support/values.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ALIASES = JSON.stringify({ Aliases: [] });

const servers: Server[] = [];
beforeEach(() => {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "first");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

describe("each request is signed", () => {
  test("as AWS Signature Version 4 has it", async () => {
    const received: Received[] = [];
    const kms = createAwsKms({ endpoint: await listen(answerWith(ALIASES, received)) });
    await kms.listAliases("alias/");
    await kms.listAliases("alias/");
    expect(received).toHaveLength(2);
    for (const one of received) expect(signatureOf(one.request)).toBe(signatureOver(one));
  });

  test("with a session's token", async () => {
    vi.stubEnv("AWS_SESSION_TOKEN", "session");
    const received: Received[] = [];
    const kms = createAwsKms({ endpoint: await listen(answerWith(ALIASES, received)) });
    await kms.listAliases("alias/");
    const one = given(received[0]);
    expect(one.request.headers["x-amz-security-token"]).toBe("session");
    expect(signatureOf(one.request)).toBe(signatureOver(one));
  });

  test("by the credentials of the moment, once the first have expired", async () => {
    // Credentials are looked up again from five minutes before their end.
    vi.stubEnv("AWS_CREDENTIAL_EXPIRATION", new Date(Date.now() + 30_000).toISOString());
    const received: Received[] = [];
    const kms = createAwsKms({ endpoint: await listen(answerWith(ALIASES, received)) });
    await kms.listAliases("alias/");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "second");
    await vi.waitFor(async () => {
      await kms.listAliases("alias/");
      expect(given(received.at(-1)).request.headers.authorization).toContain("Credential=second/");
    });
    expect(given(received[0]).request.headers.authorization).toContain("Credential=first/");
  });
});

test("each request names the SDK with its version, the application it is told, and sealgate", async () => {
  vi.stubEnv("AWS_SDK_UA_APP_ID", "token service");
  const received: Received[] = [];
  const kms = createAwsKms({ endpoint: await listen(answerWith(ALIASES, received)) });
  await kms.listAliases("alias/");
  await kms.listAliases("alias/");
  const agents = received.map(({ request }) => request.headers["user-agent"]);
  expect(agents[0]).toMatch(/^aws-sdk-js\/3\.\d+\.\d+ .*lang\/js md\/nodejs#\d.* app\/token-service sealgate$/);
  expect(agents[1]).toBe(agents[0]);
});

describe("the environment says", () => {
  test("how many attempts a call may make, unless the options do", async () => {
    let requests = 0;
    const endpoint = await listen((_request, response) => {
      requests += 1;
      response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify({ __type: "ThrottlingException" }));
    });
    vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
    await expect(createAwsKms({ endpoint }).describeKey("alias/a")).rejects.toMatchObject({ code: "kms_throttled" });
    expect(requests).toBe(1);
    const twice = createAwsKms({ endpoint, maxAttempts: 2 });
    await expect(twice.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_throttled" });
    expect(requests).toBe(1 + 2);
  });

  test("through which proxy KMS is reached, if Node is told to go by it", async () => {
    const [direct, proxied] = [[] as Received[], [] as Received[]];
    const endpoint = await listen(answerWith(ALIASES, direct));
    // A server that is asked for the whole URL, as a proxy is (RFC 9112 section 3.2.2).
    vi.stubEnv("HTTP_PROXY", await listen(answerWith(ALIASES, proxied)));
    vi.stubEnv("NO_PROXY", "");
    await createAwsKms({ endpoint }).listAliases("alias/");
    expect([direct.length, proxied.length]).toEqual([1, 0]);
    vi.stubEnv("NODE_USE_ENV_PROXY", "1");
    await createAwsKms({ endpoint }).listAliases("alias/");
    expect([direct.length, proxied.length]).toEqual([1, 1]);
    expect(given(proxied[0]).request.url).toBe(`${endpoint}/`);
    vi.stubEnv("NO_PROXY", "127.0.0.1");
    await createAwsKms({ endpoint }).listAliases("alias/");
    expect([direct.length, proxied.length]).toEqual([2, 1]);
  });

  test("which role to assume: one of another account, by a profile", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sealgate-aws-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const config = join(folder, "config");
    const role = "arn:aws:iam::999988887777:role/sealgate-signer";
    await writeFile(
      config,
      `[profile keys]\nrole_arn = ${role}\ncredential_source = Environment\nregion = eu-west-1\n`,
    );
    const [asked, received] = [[] as Received[], [] as Received[]];
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    const credentials = `<AccessKeyId>assumed</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>central</SessionToken><Expiration>${expiration}</Expiration>`;
    const answer = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
    vi.stubEnv("AWS_ENDPOINT_URL_STS", await listen(answerWith(answer, asked, "text/xml")));
    vi.stubEnv("AWS_CONFIG_FILE", config);
    vi.stubEnv("AWS_PROFILE", "keys");
    await createAwsKms({ endpoint: await listen(answerWith(ALIASES, received)) }).listAliases("alias/");
    expect(new URLSearchParams(given(asked[0]).body.toString()).get("RoleArn")).toBe(role);
    const { headers } = given(received[0]).request;
    expect(headers["x-amz-security-token"]).toBe("central");
    expect(headers.authorization).toContain("Credential=assumed/");
  });
});

describe("at the deadline", () => {
  test("the request that is under way is ended", async () => {
    const closed = Promise.withResolvers<void>();
    const endpoint = await listen((request) => void request.socket.once("close", closed.resolve));
    const kms = createAwsKms({ endpoint, requestTimeoutMs: 3_600_000, maxAttempts: 1, totalTimeoutMs: 150 });
    await expect(kms.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_timeout" });
    await closed.promise;
  });

  test("a call that waits for its next attempt makes none", async () => {
    let requests = 0;
    const endpoint = await listen((_request, response) => {
      requests += 1;
      response.writeHead(500, { "content-type": "application/x-amz-json-1.1", "x-amz-retry-after": "400" });
      response.end(JSON.stringify({ __type: "KMSInternalException" }));
    });
    const impatient = createAwsKms({ endpoint, maxAttempts: 2, totalTimeoutMs: 150 });
    await expect(impatient.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_timeout" });
    // As long a wait that begins after the first one did: when it is over, so is the first.
    const patient = createAwsKms({ endpoint, maxAttempts: 2 });
    await expect(patient.describeKey("alias/a")).rejects.toMatchObject({ code: "kms_internal" });
    expect(requests).toBe(1 + 2);
  });
});

test("a client that was used before and keeps its middleware carries the deadline and KMS's time all the same", async () => {
  let answers = true;
  const endpoint = await listen((request, response) => {
    if (answers) answerWith(ALIASES, [])(request, response);
  });
  const client = new KMSClient({ endpoint, cacheMiddleware: true, maxAttempts: 1 });
  await client.send(new ListAliasesCommand({}));
  const kms = createAwsKms({ client, totalTimeoutMs: 150 });
  await kms.listAliases("alias/");
  answers = false;
  const closed = new Promise((resolve) => {
    given(servers[0]).once("request", (request: IncomingMessage) => request.socket.once("close", resolve));
  });
  await expect(kms.listAliases("alias/")).rejects.toMatchObject({ code: "kms_timeout" });
  await closed;
});

function answerWith(body: string, received: Received[], type = "application/x-amz-json-1.1"): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ request, body: Buffer.concat(chunks) });
      response.writeHead(200, { "content-type": type });
      response.end(body);
    });
  };
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test expected a TCP port");
  return `http://127.0.0.1:${address.port}`;
}

function signatureOf(request: IncomingMessage): string | undefined {
  return /Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? "")?.[1];
}

/** AWS Signature Version 4, from what arrived (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). */
function signatureOver({ request, body }: Received): string {
  const [, scope, signed] = given(
    /Credential=\w+\/(\S+), SignedHeaders=(\S+),/.exec(request.headers.authorization ?? "") ?? undefined,
  );
  const names = given(signed).split(";");
  expect(names).toEqual(expect.arrayContaining(["host", "x-amz-date", "x-amz-target"]));
  const headers = names.map((name) => `${name}:${String(request.headers[name])}\n`).join("");
  const canonical = ["POST", "/", "", headers, names.join(";"), sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = given(scope)
    .split("/")
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${SECRET}`);
  return hmac(key, toSign).toString("hex");
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
