/** The API token from Secrets Manager: the SDK's own client against a server that speaks the service's protocol. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createApiTokenSource } from "../../../../issuer/secrets/api-token.ts";
import { jsonObject } from "../../../support/values.ts";

const SECRET_ID = "sealgate/cloudflare-token";
const TOKEN = "token_0123456789";

interface Answer {
  readonly status?: number;
  readonly body: object;
}

interface SecretsServer {
  /** What the service answers from now on. */
  answer: Answer;
  readonly asked: string[];
}

async function startSecretsServer(): Promise<SecretsServer> {
  const state: SecretsServer = { answer: { body: { SecretString: TOKEN } }, asked: [] };
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { SecretId } = jsonObject(await text(request));
    state.asked.push(`${String(request.headers["x-amz-target"])} ${JSON.stringify(SecretId)}`);
    response.writeHead(state.answer.status ?? 200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(state.answer.body));
  };
  const server = createServer((request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", `http://127.0.0.1:${String(port)}`);
  return state;
}

beforeEach(() => {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
  return () => vi.unstubAllEnvs();
});

test.for([
  ["text", TOKEN],
  ["text with a line's end", `${TOKEN}\n`],
  ["the JSON object that the console makes", JSON.stringify({ CLOUDFLARE_API_TOKEN: TOKEN })],
] as const)("a token is taken from %s", async ([, SecretString]) => {
  const server = await startSecretsServer();
  server.answer = { body: { SecretString } };
  expect(await createApiTokenSource({ secretId: SECRET_ID, nowMs: () => 0 })()).toBe(TOKEN);
  expect(server.asked).toEqual([`secretsmanager.GetSecretValue "${SECRET_ID}"`]);
});

test("it is kept for five minutes, and read again afterwards, or when the clock was set back", async () => {
  const server = await startSecretsServer();
  let nowMs = 1_000_000;
  const source = createApiTokenSource({ secretId: SECRET_ID, nowMs: () => nowMs });
  await source();
  server.answer = { body: { SecretString: "the_next_token_1" } };
  nowMs += 299_999;
  expect(await source()).toBe(TOKEN);
  nowMs += 1;
  expect(await source()).toBe("the_next_token_1");
  server.answer = { body: { SecretString: TOKEN } };
  nowMs -= 3_600_000;
  expect(await source()).toBe(TOKEN);
});

describe("secret_unreadable", () => {
  test.for([
    ["no such secret", { status: 400, body: { __type: "ResourceNotFoundException" } }, "Check the name", false],
    ["no permission", { status: 400, body: { __type: "AccessDeniedException" } }, "Allow secretsmanager", false],
    ["a service that fails", { status: 500, body: { __type: "InternalServiceError" } }, "Try again", true],
    ["a secret of bytes", { body: { SecretBinary: "AAAA" } }, "holds no API token", false],
    ["another JSON object", { body: { SecretString: '{"token":"x"}' } }, "holds no API token", false],
    ["text that is no token", { body: { SecretString: "two words" } }, "holds no API token", false],
  ] as const)("%s", async ([, answer, words, retryable]) => {
    const server = await startSecretsServer();
    server.answer = answer;
    const source = createApiTokenSource({ secretId: SECRET_ID, nowMs: () => 0 });
    await expect(source()).rejects.toMatchObject({
      code: "secret_unreadable",
      retryable,
      message: expect.stringContaining(words),
    });
  });

  test("a failure is not kept, and no word of the secret is in its message", async () => {
    const server = await startSecretsServer();
    server.answer = { body: { SecretString: "not a token" } };
    const source = createApiTokenSource({ secretId: SECRET_ID, nowMs: () => 0 });
    const failure: unknown = await source().catch((error: unknown) => error);
    expect(String(failure)).not.toContain("not a token");
    server.answer = { body: { SecretString: TOKEN } };
    expect(await source()).toBe(TOKEN);
  });
});
