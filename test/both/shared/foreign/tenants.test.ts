/** Issuers of many tenants are known by host and path, and no other host is taken for one. */
import { expect, test } from "vitest";
import { findSharedIssuer } from "../../../../shared/foreign/tenants.ts";

test.each([
  ["https://gitlab.com", "GitLab.com"],
  ["https://gitlab.acme.example", undefined],
  ["https://token.actions.githubusercontent.com.acme.example", undefined],
  ["https://oidc.vercel.com/acme", undefined],
  ["https://accounts.google.com", "Google"],
])("%s", (issuer, name) => {
  expect(findSharedIssuer(new URL(issuer), new URL(`${issuer}/keys`))?.name).toBe(name);
});
