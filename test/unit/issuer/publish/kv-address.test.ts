/** What addresses a KV namespace and authorises the call. */
import { describe, expect, test } from "vitest";
import {
  baseUrlProblem,
  isAccountId,
  isApiToken,
  isLocalBaseUrl,
  isNamespaceId,
  productionBaseUrl,
} from "../../../../issuer/publish/kv-address.ts";

const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";

describe("a base URL", () => {
  test.each([
    productionBaseUrl(ACCOUNT_ID),
    `${productionBaseUrl(ACCOUNT_ID)}/`,
    "https://kv.example.com",
    "https://kv.example.com/accounts/1",
    "http://127.0.0.1:8787/cdn-cgi/local/explorer/api",
    "http://localhost:8787/x",
    "http://[::1]/x",
  ])("may be %s", (url) => {
    expect(baseUrlProblem(url)).toBeUndefined();
  });

  test.each([
    ["api.cloudflare.com/client/v4", "absolute URL"],
    ["http://kv.example.com", "https"],
    ["http://localhost.example.com", "https"],
    ["ftp://127.0.0.1", "https"],
    ["https://user@kv.example.com", "credentials"],
    ["https://kv.example.com/?x", "query"],
    ["https://kv.example.com/#x", "query"],
    ["https://api.cloudflare.com", "/client/v4/accounts/<account id>"],
    ["https://api.cloudflare.com/client/v4/accounts/", "/client/v4/accounts/<account id>"],
    [productionBaseUrl(ACCOUNT_ID.toUpperCase()), "/client/v4/accounts/<account id>"],
    [productionBaseUrl(`${ACCOUNT_ID}0`), "/client/v4/accounts/<account id>"],
    [`${productionBaseUrl(ACCOUNT_ID)}/storage`, "/client/v4/accounts/<account id>"],
    [`https://API.cloudflare.com:443/x/client/v4/accounts/${ACCOUNT_ID}`, "/client/v4/accounts/<account id>"],
  ])("is refused when it is %s", (url, rule) => {
    expect(baseUrlProblem(url)).toContain(rule);
  });

  test.each([
    ["http://127.0.0.1:8787/x", true],
    ["https://localhost", true],
    ["http://[::1]:1", true],
    ["https://127.0.0.1.example.com", false],
    ["https://kv.example.com/?127.0.0.1", false],
    ["no URL", false],
  ])("%s stays on this host: %s", (url, isLocal) => {
    expect(isLocalBaseUrl(url)).toBe(isLocal);
  });
});

test.each([
  ["an account", isAccountId, ACCOUNT_ID, ["", "0123", `${ACCOUNT_ID}0`, ACCOUNT_ID.toUpperCase(), `${ACCOUNT_ID}\n`]],
  ["a namespace", isNamespaceId, "KEY_SETS-1", ["", "a/b", "..", "a b", "a%2f", "a\n", "x".repeat(129)]],
  ["an API token", isApiToken, "aZ09._~+/=-", ["", "a b", "a\r\nx: y", "a\n", "ä", "x".repeat(513)]],
])("%s is taken for what it is, and nothing that leaves its path or header", (_what, is, good, bad) => {
  expect(is(good)).toBe(true);
  expect(bad.filter((text) => is(text))).toEqual([]);
});
