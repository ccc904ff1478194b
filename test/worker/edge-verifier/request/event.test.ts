/** One event per request, precise for operators, and nothing in it that a log must not hold. */
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { createGateway } from "../../../../edge-verifier/gateway.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { makeFixture, NOW, problemOf, ROUTES } from "../fixture.ts";

const CANARY = "canary-9f3c";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the event", () => {
  test("of a forwarded request", async () => {
    const fixture = await makeFixture();
    const init = { method: "POST", headers: { "cf-ray": "8f00-FRA" } };
    await fixture.sendAs({ scope: "admin" }, "/api/admin/users?q=1", init);
    expect(fixture.events).toEqual([
      {
        event: "request",
        decision: "forwarded",
        status: 200,
        method: "POST",
        ray: "8f00-FRA",
        route: "/api/admin/*",
        kid: fixture.key.kid,
        alg: "ES256",
        iss: TEST_ISSUER,
        jti: "t-1",
        keySet: { rev: NOW - 10, ageSeconds: 0, source: "memory" },
        keysMs: 0,
        originMs: 0,
        requestId: expect.stringMatching(UUID),
      },
    ]);
  });

  test("of a refused token says why, and names no kid that nobody vouches for", async () => {
    const fixture = await makeFixture();
    const token = await fixture.token({ exp: NOW - 90 });
    await fixture.send("/api/x", { headers: { authorization: `Bearer ${token}` } });
    expect(fixture.events).toEqual([
      {
        event: "request",
        decision: "refused",
        status: 401,
        method: "GET",
        code: "invalid_token",
        refusal: { code: "token_expired", expiredForSeconds: 90 },
        credentialsIn: ["authorization"],
        route: "/api/*",
        keysMs: 0,
        keySet: { rev: NOW - 10, ageSeconds: 0, source: "memory" },
        requestId: expect.stringMatching(UUID),
      },
    ]);
  });

  test("of a token that the policy does not admit names the key, the rule and what was missing", async () => {
    const fixture = await makeFixture();
    await fixture.sendAs({ scope: "reports", tenant: "other" }, "/api/reports/7");
    expect(fixture.events).toMatchObject([
      {
        decision: "refused",
        status: 403,
        code: "policy_denied",
        refusal: { code: "claim_not_equal", claim: "tenant" },
        route: "/api/reports/:id",
        kid: fixture.key.kid,
      },
    ]);
  });

  test("is written for every request, once", async () => {
    const fixture = await makeFixture();
    const paths = ["/public/x", "/api/x", "/nowhere", "/%5c", "/.well-known/jwks.json", "/.well-known/sealgate/health"];
    for (const path of paths) await fixture.send(path);
    await fixture.send("/api/x", { method: "PROPFIND" });
    expect(fixture.events.map(({ decision, status, method }) => [decision, status, method])).toEqual([
      ["forwarded", 200, "GET"],
      ["refused", 401, "GET"],
      ["refused", 404, "GET"],
      ["refused", 400, "GET"],
      ["answered", 200, "GET"],
      ["answered", 200, "GET"],
      ["refused", 405, "PROPFIND"],
    ]);
  });

  test("of a path that only case hides says so", async () => {
    const fixture = await makeFixture();
    await fixture.send("/API/x");
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "path_ambiguous", reason: "spelling" });
  });

  test("of refused credentials says where they were, where there is more than one place", async () => {
    const vars = { TOKEN_CARRIERS: "authorization,cookie", TOKEN_COOKIE: "token" };
    const fixture = await makeFixture({ vars });
    const stale = await fixture.token({ exp: NOW - 90 });
    const good = await fixture.token();
    const placesOf = async (headers: Record<string, string>): Promise<unknown> => {
      await fixture.send("/api/x", { headers });
      const { refusal, credentialsIn } = fixture.events.at(-1) ?? {};
      return [refusal?.code, credentialsIn];
    };
    expect(await placesOf({ cookie: `token=${stale}` })).toEqual(["token_expired", ["cookie"]]);
    expect(await placesOf({ cookie: `token="${good}` })).toEqual(["invalid_request", ["cookie"]]);
    expect(await placesOf({ authorization: `Bearer ${stale}` })).toEqual(["token_expired", ["authorization"]]);
    expect(await placesOf({ authorization: `Bearer ${good}`, cookie: `token=${stale}` })).toEqual([
      "invalid_request",
      ["authorization", "cookie"],
    ]);
    expect(await placesOf({})).toEqual(["token_missing", []]);
    expect(await placesOf({ authorization: `Bearer ${good}` })).toEqual([undefined, undefined]);
  });

  test("has no ray that is not one", async () => {
    const fixture = await makeFixture();
    await fixture.send("/public/x", { headers: { "cf-ray": '"}\u007fforged' } });
    expect(fixture.events.at(-1)).not.toHaveProperty("ray");
  });
});

describe("nothing of the request's content", () => {
  test("is in an event or in a refusal: token, claims, path, query, headers, body", async () => {
    const fixture = await makeFixture();
    const claims = { sub: CANARY, scope: CANARY, tenant: CANARY, nonce: CANARY };
    const good = await fixture.token(claims);
    const tokens = [
      good,
      `${good}x`,
      `${good}.x`,
      CANARY,
      `${CANARY}.${CANARY}.${CANARY}`,
      `Basic ${CANARY}, ${CANARY}`,
      await fixture.token({ ...claims, jti: 7, nbf: CANARY }),
      await fixture.token(claims, { typ: CANARY }),
      await fixture.token(claims, { alg: CANARY }),
      await fixture.token({ ...claims, exp: CANARY }),
    ];
    const paths = [`/api/admin/${CANARY}?${CANARY}`, `/${CANARY}?x=${CANARY}`, `/api/%5c${CANARY}`, `/API/${CANARY}`];
    const answers: string[] = [];
    for (const path of paths) {
      for (const token of tokens) {
        const headers = { authorization: `Bearer ${token}`, "x-request-id": `${CANARY} ` + CANARY };
        const response = await fixture.send(path, { method: "POST", headers, body: CANARY });
        expect(response.status).toBeGreaterThanOrEqual(400);
        answers.push(JSON.stringify([...response.headers]) + (await response.text()));
      }
    }
    expect(fixture.events).toHaveLength(paths.length * tokens.length);
    const encoded = btoa(CANARY).slice(0, 12);
    for (const text of [...answers, JSON.stringify(fixture.events)]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(encoded);
      expect(text).not.toContain(good.slice(-40));
    }
  });
});

describe("whose token it was", () => {
  test("is in the event, and not in the answer: the kid that is unknown, or issuer, audience and key of a good signature", async () => {
    const fixture = await makeFixture();
    const kid = "A".repeat(500);
    for (const [token, refusal] of [
      [await fixture.token({}, { kid }), { code: "kid_unknown", kid: `${"A".repeat(127)}…` }],
      [
        await fixture.token({ iss: "https://elsewhere.example" }),
        { code: "issuer_mismatch", iss: "https://elsewhere.example", kid: fixture.key.kid },
      ],
      [
        await fixture.token({ aud: ["https://a.example", "https://b.example"] }),
        { code: "audience_mismatch", aud: ["https://a.example", "https://b.example"], kid: fixture.key.kid },
      ],
    ] as const) {
      const response = await fixture.send("/api/x", { headers: { authorization: `Bearer ${token}` } });
      expect(await problemOf(response)).toMatchObject({ code: "invalid_token" });
      expect(fixture.events.at(-1)?.refusal).toEqual(refusal);
    }
  });
});

describe("the sink", () => {
  test("is the console by default: one line of JSON", async () => {
    const lines: string[] = [];
    const spy = vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
    const fixture = await makeFixture();
    await createGateway(ROUTES).fetch(new Request("https://a.example/none"), fixture.env, createExecutionContext());
    spy.mockRestore();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "request", status: 404 });
  });

  test("that throws does not change the answer", async () => {
    const fixture = await makeFixture();
    const worker = createGateway(ROUTES, {
      onEvent: () => {
        throw new Error("no disk");
      },
    });
    const request = new Request("https://a.example/public/x");
    expect((await worker.fetch(request, fixture.env, createExecutionContext())).status).toBe(200);
  });
});

describe("what an event says beside the decision", () => {
  test("says which version of the Worker has decided", async () => {
    const fixture = await makeFixture({ vars: { VERSION: { id: "v-1", tag: "", timestamp: "" } } });
    await fixture.send("/nowhere");
    expect(fixture.events.at(-1)).toMatchObject({ version: "v-1" });
  });

  test("says how long a request has waited for KV", async () => {
    const fixture = await makeFixture();
    const { KEY_SETS } = fixture.env;
    // The clock of the fixture advances while KV is asked, as the platform's does.
    fixture.env["KEY_SETS"] = {
      get: async (...parameters: Parameters<KVNamespace["get"]>): Promise<unknown> => {
        const text = await (KEY_SETS as KVNamespace).get(...parameters);
        fixture.setNow(NOW + 2);
        return text;
      },
    };
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).toMatchObject({ keysMs: 2000, originMs: 0 });
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).toMatchObject({ keysMs: 0 });
  });
});
