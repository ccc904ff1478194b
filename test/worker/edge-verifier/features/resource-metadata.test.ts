/** RFC 9728: where a client finds who issues tokens for this gateway. */
import { describe, expect, test } from "vitest";
import { configure, makeFixture, problemOf } from "../fixture.ts";

const originWith = (headers: Readonly<Record<string, string>>): object => ({
  fetch: async () => new Response("body", { headers }),
});

describe("protected resource metadata (RFC 9728)", () => {
  const RESOURCE = "https://api.example.com";
  const PATH = "/.well-known/oauth-protected-resource";

  test("are published when they are configured, and challenges point to them", async () => {
    const fixture = await makeFixture({ vars: { RESOURCE } });
    const response = await fixture.send(PATH);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(await response.json()).toEqual({
      resource: RESOURCE,
      authorization_servers: ["https://auth.example.com"],
      bearer_methods_supported: ["header"],
    });
    const challenge = (await fixture.send("/api/x")).headers.get("www-authenticate");
    expect(challenge).toBe(`Bearer realm="sealgate", resource_metadata="${RESOURCE}${PATH}"`);
    const denied = await fixture.sendAs({}, "/api/admin/x");
    expect(denied.headers.get("www-authenticate")).toContain(`, resource_metadata="${RESOURCE}${PATH}"`);
    expect(fixture.originCalls()).toBe(0);
  });

  test("of a resource with a path stand between host and path", async () => {
    const vars = { RESOURCE: `${RESOURCE}/v1`, AUTHORIZATION_SERVERS: "https://a.example, https://b.example/t" };
    const fixture = await makeFixture({ vars });
    expect(await (await fixture.send(`${PATH}/v1`)).json()).toMatchObject({
      resource: `${RESOURCE}/v1`,
      authorization_servers: ["https://a.example", "https://b.example/t"],
    });
    expect((await fixture.send(PATH)).status).toBe(404);
  });

  test("without configuration there are none", async () => {
    const fixture = await makeFixture();
    expect((await fixture.send(PATH)).status).toBe(404);
    expect((await fixture.send("/api/x")).headers.get("www-authenticate")).toBe('Bearer realm="sealgate"');
  });

  test("a challenge of the origin's own is left as it is", async () => {
    const ORIGIN = originWith({ "www-authenticate": 'Basic realm="o"' });
    const fixture = await makeFixture({ vars: { RESOURCE, ORIGIN } });
    expect((await fixture.send("/public/x")).headers.get("www-authenticate")).toBe('Basic realm="o"');
  });

  test("a rule for their path could never be asked, and is refused at start", async () => {
    const fixture = await makeFixture({ vars: { RESOURCE }, routes: [{ path: PATH, allow: "anyone" }] });
    expect(await problemOf(await fixture.send("/"))).toMatchObject({ code: "config_invalid" });
  });

  test.each([
    { RESOURCE: "api.example.com" },
    { RESOURCE: "http://api.example.com" },
    { RESOURCE: "https://api.example.com?x" },
    { RESOURCE: "https://api.example.com/#x" },
    { RESOURCE: "https://api.example.com/?x" },
    { RESOURCE: "https://u:p@api.example.com" },
    { RESOURCE: "https://u@api.example.com/" },
    { RESOURCE: "https://:p@api.example.com/" },
    { RESOURCE: "HTTPS://API.example.com" },
    { RESOURCE: "ftp://localhost" },
    { RESOURCE: "https://*.example.com" },
    { RESOURCE, AUTHORIZATION_SERVERS: "auth" },
    { RESOURCE, AUTHORIZATION_SERVERS: "ftp://localhost" },
    { RESOURCE, AUTHORIZATION_SERVERS: "http://auth.example.com" },
    { AUTHORIZATION_SERVERS: "https://auth.example.com" },
  ])("$RESOURCE $AUTHORIZATION_SERVERS is refused at start", async (vars) => {
    const broken = await makeFixture({ vars });
    expect(await problemOf(await broken.send("/public/x"))).toMatchObject({ code: "config_invalid" });
  });

  test.each(["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"])(
    "%s may be used locally",
    async (url) => {
      const { problems } = await configure({ RESOURCE: url, AUTHORIZATION_SERVERS: url });
      expect(problems).toEqual([]);
    },
  );
});
