/** The issuer's discovery file: served on the issuer's own host, and on no other. */
import { describe, expect, test } from "vitest";
import { discovery } from "../../../../edge-verifier/features/discovery.ts";
import { makeFixture, problemOf } from "../fixture.ts";

/** The fixture's requests go to this host. */
const OWN = "https://api.example.com";

describe.each([
  [OWN, "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
  [`${OWN}/`, "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
  [`${OWN}/auth`, "/auth/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/auth"],
])("for the issuer %s", (issuer, ...paths) => {
  test.each(paths)("is at %s, readable by every web origin", async (path) => {
    const fixture = await makeFixture({ vars: { ISSUER: issuer, TOKEN_ALGS: "ES256, RS256" }, features: [discovery] });
    const response = await fixture.send(path);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
      "access-control-allow-origin": "*",
    });
    expect(await response.json()).toEqual({
      issuer,
      jwks_uri: `${OWN}/.well-known/jwks.json`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256", "RS256"],
    });
    expect(fixture.events.at(-1)).toMatchObject({ decision: "answered", route: path });
    expect((await fixture.send(path, { method: "POST" })).status).toBe(405);
    expect(fixture.originCalls()).toBe(0);
  });
});

test("another host answers 404: the file would speak for a host that is not its own", async () => {
  const fixture = await makeFixture({ vars: { ISSUER: "https://auth.example.com" } });
  for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]) {
    const response = await fixture.send(path);
    expect(response.status).toBe(404);
    expect(await problemOf(response)).toMatchObject({ code: "not_found" });
  }
  expect(fixture.originCalls()).toBe(0);
});

test("where it is not listed there is none", async () => {
  const fixture = await makeFixture({ vars: { ISSUER: OWN }, features: [] });
  expect((await fixture.send("/.well-known/openid-configuration")).status).toBe(404);
});

test("stands beside another feature with a path of its own", async () => {
  const fixture = await makeFixture({ vars: { ISSUER: OWN, RESOURCE: OWN } });
  const paths = ["/.well-known/openid-configuration", "/.well-known/oauth-protected-resource"];
  for (const path of paths) expect((await fixture.send(path)).status, path).toBe(200);
});

test("a rule for its path could never be asked, and is refused at start", async () => {
  const routes = [{ path: "/.well-known/openid-configuration", allow: "anyone" } as const];
  const fixture = await makeFixture({ routes });
  expect(await problemOf(await fixture.send("/"))).toMatchObject({ code: "config_invalid" });
});

test("a bad ISSUER is the gateway's to report", async () => {
  const fixture = await makeFixture({ vars: { ISSUER: "auth" }, features: [discovery] });
  expect(await problemOf(await fixture.send("/"))).toMatchObject({ code: "config_invalid" });
});
