/** The headers of a caller of another issuer. That a client cannot set them is tested with the feature, in workerd. */
import { expect, test } from "vitest";
import { createForeignIdentityReader } from "../../../../edge-verifier/http/foreign-identity.ts";
import { createIdentityReader, DEFAULT_IDENTITY_HEADERS } from "../../../../edge-verifier/http/identity.ts";
import type { Identity } from "../../../../edge-verifier/http/identity.ts";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import type { VerifiedToken } from "../../../../shared/verify-token.ts";
import { seconds } from "../../../support/key-sets.ts";

const ISS = "https://login.acme.example/";

function tokenOf(claims: object): VerifiedToken {
  return {
    header: { alg: "RS256", kid: "a", typ: "jwt" },
    claims: { iss: ISS, aud: "api", exp: seconds(2_000_000_000), ...claims },
  };
}

function identityOf(claims: object, more: object = {}): Identity | string {
  const issuer = parseForeignIssuer({
    issuer: ISS,
    jwks_uri: `${ISS}jwks`,
    algs: ["RS256"],
    audiences: ["api"],
    ...more,
  });
  if (!issuer.ok) throw new TypeError(issuer.error.join("; "));
  const read = createForeignIdentityReader(
    createIdentityReader(DEFAULT_IDENTITY_HEADERS),
    new Map([[ISS, issuer.value]]),
  );
  const identity = read(tokenOf(claims));
  return identity.ok ? identity.value : identity.error.code;
}

test.each([
  ["issuer and subject", { sub: "alice" }, [["x-sealgate-foreign-subject", "alice"]]],
  [
    "a subject that no header could carry as it is",
    { sub: "Zoë%\r\n" },
    [["x-sealgate-foreign-subject", "Zo%C3%AB%25%0D%0A"]],
  ],
  ["no subject where there is none", {}, []],
  ["no subject where it is empty", { sub: "" }, []],
])("%s", (_name, claims, subject) => {
  expect(identityOf(claims)).toMatchObject({ headers: [["x-sealgate-issuer", ISS], ...subject], isForeign: true });
});

test("a subject that would have to be cut is refused", () => {
  expect(identityOf({ sub: "x".repeat(2049) })).toBe("identity_too_long");
});

test("scopes come from where the entry says, and from nowhere else", () => {
  expect(identityOf({ scp: ["a", "b c"] })).toMatchObject({ scopes: new Set(["a"]) });
  expect(identityOf({ scope: "admin", permissions: ["a"] }, { scope_claim: "permissions" })).toMatchObject({
    scopes: new Set(["a"]),
  });
  expect(identityOf({ scope: "admin" }, { scope_claim: "permissions" })).toMatchObject({ scopes: new Set() });
});

test("shared subjects have the own issuer's headers", () => {
  const identity = identityOf({ sub: "alice", scp: "a b" }, { subjects: "shared" });
  expect(identity).toEqual({
    scopes: new Set(["a", "b"]),
    headers: [
      ["x-sealgate-subject", "alice"],
      ["x-sealgate-scope", "a b"],
    ],
  });
});

test("an own token is read as ever, and a foreign one once", () => {
  const issuer = parseForeignIssuer({ issuer: ISS, jwks_uri: `${ISS}jwks`, algs: ["RS256"], audiences: ["api"] });
  if (!issuer.ok) throw new TypeError(issuer.error.join("; "));
  const read = createForeignIdentityReader(
    createIdentityReader(DEFAULT_IDENTITY_HEADERS),
    new Map([[ISS, issuer.value]]),
  );
  expect(read(tokenOf({ iss: "https://auth.example.com", sub: "user-1" }))).toMatchObject({
    value: { headers: [["x-sealgate-subject", "user-1"]] },
  });
  const foreign = tokenOf({ sub: "alice" });
  expect(read(foreign)).toBe(read(foreign));
});
