/** Options of the Cloudflare KV publisher: refused when they can never work, completed otherwise. */
import { describe, expect, test } from "vitest";
import { createCloudflareKvPublisher } from "../../../../issuer/publish/cloudflare-kv.ts";
import {
  DEFAULT_CLOUDFLARE_KV_LIMITS,
  readCloudflareKvOptions,
} from "../../../../issuer/publish/cloudflare-kv-options.ts";
import type { CloudflareKvOptions } from "../../../../issuer/publish/cloudflare-kv-options.ts";
import { systemClock } from "../../../../issuer/publish/retry.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

describe("a publisher cannot be made", () => {
  const options: CloudflareKvOptions = {
    baseUrl: "https://api.cloudflare.com/client/v4/accounts/0123456789abcdef0123456789abcdef",
    namespaceId: "fedcba9876543210fedcba9876543210",
    apiToken: "canary-token",
  };

  test("unless the options are good", () => {
    expect(createCloudflareKvPublisher(options)).toBeDefined();
  });

  test.each<[string, Partial<CloudflareKvOptions>]>([
    ["http beyond loopback", { baseUrl: "http://api.example.com/accounts/1" }],
    ["another scheme", { baseUrl: "ftp://127.0.0.1/" }],
    ["no URL", { baseUrl: "api.cloudflare.com" }],
    ["credentials in the URL", { baseUrl: "https://canary-token@api.example.com" }],
    ["a query", { baseUrl: "https://api.example.com/?canary-token" }],
    ["an empty query", { baseUrl: "https://api.example.com/?" }],
    ["production without the account", { baseUrl: "https://api.cloudflare.com/client/v4" }],
    ["a namespace that leaves its path", { namespaceId: "../x" }],
    ["an empty namespace", { namespaceId: "" }],
    ["no token", { apiToken: undefined }],
    ["a token with a line break", { apiToken: "canary-token\r\nx: y" }],
    ["an empty token", { apiToken: "" }],
    ["no attempts", { maxAttempts: 0 }],
    ["a timeout of zero", { timeoutMs: 0 }],
    ["a deadline that is not a number", { deadlineMs: Number.NaN }],
    ["a deadline that no timer can count", { deadlineMs: 2 ** 31 }],
    ["an unlimited skew", { maxClockSkewSeconds: Number.POSITIVE_INFINITY }],
    ["a negative skew", { maxClockSkewSeconds: -1 }],
  ])("with %s, and the error shows no value", (_what, override) => {
    const make = (): unknown => createCloudflareKvPublisher({ ...options, ...override });
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(/canary/);
  });
});

describe("options that are good", () => {
  const local = { baseUrl: "http://127.0.0.1:8787/api//", namespaceId: "KEY_SETS" };

  test("are completed with the platform's fetch and clock and the default limits; the base URL ends without a slash", () => {
    expect(readCloudflareKvOptions(local)).toEqual({
      ...DEFAULT_CLOUDFLARE_KV_LIMITS,
      baseUrl: "http://127.0.0.1:8787/api",
      namespaceId: "KEY_SETS",
      apiToken: undefined,
      fetch,
      clock: systemClock,
    });
  });

  test("are kept where they are given, at their limits too", () => {
    const given = {
      apiToken: "token-1",
      fetch: () => Promise.resolve(new Response()),
      clock: createVirtualClock(),
      timeoutMs: 1,
      maxAttempts: 1,
      deadlineMs: 3_600_000,
      maxClockSkewSeconds: 0,
    };
    expect(readCloudflareKvOptions({ ...local, ...given })).toMatchObject(given);
  });

  test.each([
    ["token", "apiToken"],
    ["accountId", "baseUrl"],
    ["deadline", "deadlineMs"],
  ])("have no member %s; the error says %s", (member, instead) => {
    const misspelt: CloudflareKvOptions = { ...local, [member]: "canary" };
    expect(() => readCloudflareKvOptions(misspelt)).toThrow(`${member} (use ${instead})`);
    expect(() => readCloudflareKvOptions(misspelt)).not.toThrow(/canary/);
  });
});
