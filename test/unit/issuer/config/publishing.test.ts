/** Variables to the configuration of a publisher: defaults, precedence, and all problems in one report. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createCloudflareKvPublisher } from "../../../../issuer/publish/cloudflare-kv.ts";
import { readPublishConfig } from "../../../../issuer/config/publishing.ts";
import type { Environment } from "../../../../issuer/config/environment.ts";
import { faultOf } from "../../../support/published-by.ts";

const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
const GOOD: Environment = {
  SEALGATE_ISSUER: "https://auth.example.com",
  SEALGATE_KV_NAMESPACE_ID: "fedcba9876543210fedcba9876543210",
  CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
  CLOUDFLARE_API_TOKEN: "token_0123456789",
};
const LOCAL_API = "http://127.0.0.1:8787/cdn-cgi/local/explorer/api";

async function problemOf(env: Environment): Promise<{ code: string; message: string }> {
  return faultOf(Promise.resolve().then(() => readPublishConfig(env)));
}

describe("a good configuration", () => {
  test("for production is read, with the ring main", () => {
    expect(readPublishConfig(GOOD)).toEqual({
      ring: "main",
      issuer: "https://auth.example.com",
      baseUrl: `https://api.cloudflare.com/client/v4/accounts/${ACCOUNT_ID}`,
      namespaceId: "fedcba9876543210fedcba9876543210",
      apiToken: "token_0123456789",
    });
  });

  test("for the local KV API needs neither account nor token", () => {
    const { SEALGATE_ISSUER } = GOOD;
    const env = { SEALGATE_ISSUER, SEALGATE_KV_NAMESPACE_ID: "KEY_SETS", SEALGATE_KV_BASE_URL: LOCAL_API };
    expect(readPublishConfig(env)).toMatchObject({ baseUrl: LOCAL_API, namespaceId: "KEY_SETS", apiToken: undefined });
  });

  test("prefers the base URL to the account, and takes another ring", () => {
    const baseUrl = "https://kv.example.com/accounts/1";
    const env = { ...GOOD, SEALGATE_KV_BASE_URL: baseUrl, SEALGATE_RING: "eu-1", CLOUDFLARE_ACCOUNT_ID: "whatever" };
    expect(readPublishConfig(env)).toMatchObject({ baseUrl, ring: "eu-1" });
  });

  test("names a secret instead of holding the token", () => {
    const { CLOUDFLARE_API_TOKEN: _token, ...others } = GOOD;
    for (const secret of ["sealgate/token", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-AbCdEf"]) {
      const config = readPublishConfig({ ...others, SEALGATE_CLOUDFLARE_TOKEN_SECRET: secret });
      expect(config.apiToken).toBeTypeOf("function");
      expect(createCloudflareKvPublisher(config)).toBeDefined();
    }
  });

  test("makes a publisher", () => {
    expect(createCloudflareKvPublisher(readPublishConfig(GOOD))).toBeDefined();
  });
});

describe("a bad configuration", () => {
  test("is reported with every variable that is missing", async () => {
    const { code, message } = await problemOf({});
    expect(code).toBe("config_invalid");
    for (const name of Object.keys(GOOD)) expect(message).toContain(`${name} is missing`);
  });

  test("does not choose between a token and a secret", async () => {
    const { message } = await problemOf({ ...GOOD, SEALGATE_CLOUDFLARE_TOKEN_SECRET: "sealgate/token" });
    expect(message).toContain("SEALGATE_CLOUDFLARE_TOKEN_SECRET and CLOUDFLARE_API_TOKEN are both set");
  });

  test("names a secret that Secrets Manager could not have", async () => {
    const { CLOUDFLARE_API_TOKEN: _token, ...others } = GOOD;
    const { message } = await problemOf({ ...others, SEALGATE_CLOUDFLARE_TOKEN_SECRET: "two words" });
    expect(message).toContain("SEALGATE_CLOUDFLARE_TOKEN_SECRET must be the name or the ARN");
  });

  test("treats an empty variable as missing", async () => {
    expect((await problemOf({ ...GOOD, SEALGATE_ISSUER: "" })).message).toContain("SEALGATE_ISSUER is missing");
  });

  test.each<[string, string]>([
    ["SEALGATE_ISSUER", "http://auth.example.com/canary"],
    ["SEALGATE_RING", "Canary"],
    ["SEALGATE_KV_NAMESPACE_ID", "canary/.."],
    ["SEALGATE_KV_BASE_URL", "http://kv.example.com/canary"],
    ["SEALGATE_KV_BASE_URL", "https://user:canary@kv.example.com/"],
    ["SEALGATE_KV_BASE_URL", "https://api.cloudflare.com/client/v4/canary"],
    ["CLOUDFLARE_ACCOUNT_ID", "canary"],
    ["CLOUDFLARE_API_TOKEN", "canary\n"],
    ["CLOUDFLARE_API_TOKEN", "canary with spaces"],
  ])("names %s, and shows no value", async (name, value) => {
    const fault = await problemOf({ ...GOOD, [name]: value });
    expect(fault).toMatchObject({ code: "config_invalid" });
    expect(fault.message).toContain(name);
    expect(inspect(fault)).not.toContain("anary");
  });

  test("is reported as a whole, whatever is wrong with each part", async () => {
    const { message } = await problemOf({
      ...GOOD,
      SEALGATE_RING: "-",
      SEALGATE_ISSUER: "x",
      CLOUDFLARE_API_TOKEN: "",
    });
    for (const name of ["SEALGATE_RING", "SEALGATE_ISSUER", "CLOUDFLARE_API_TOKEN"]) expect(message).toContain(name);
    expect(message).not.toContain("NAMESPACE");
  });

  test("asks for a token wherever the base URL is not local", async () => {
    const env = { ...GOOD, CLOUDFLARE_API_TOKEN: undefined, SEALGATE_KV_BASE_URL: "https://kv.example.com" };
    expect((await problemOf(env)).message).toContain("CLOUDFLARE_API_TOKEN is missing");
  });
});
