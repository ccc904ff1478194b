/** Other issuers at the middleware: their callers are never taken for one's own. */
import { Hono } from "hono";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { acceptIssuers } from "../../../edge-verifier/accept-issuers.ts";
import { requireScope, sealgate } from "../../../edge-verifier/middleware.ts";
import type { ForeignIssuerEntry } from "../../../shared/foreign/issuer.ts";
import type { ForeignKeysEvent } from "../../../shared/foreign/key-source.ts";
import { createForeignNetwork } from "../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../support/foreign-network.ts";
import { makeStandIns, standInNamed } from "../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../support/stand-in-issuers.ts";
import { makeFixture, NOW } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

let okta: StandInIssuer;
let fixture: Fixture;
beforeAll(async () => {
  okta = standInNamed(await makeStandIns(), "Okta");
  fixture = await makeFixture();
});

let network: ForeignNetwork;
beforeEach(() => {
  network = createForeignNetwork();
  network.serve(okta.entry.jwks_uri, okta.jwkSet);
  vi.stubGlobal("fetch", network.fetch);
});
afterEach(() => vi.unstubAllGlobals());

interface Seen {
  readonly own?: string;
  readonly foreign?: string;
  readonly issuer?: string;
}

function makeApp(entry: ForeignIssuerEntry, events: ForeignKeysEvent[] = []) {
  const foreign = acceptIssuers([entry], { onKeys: (event) => void events.push(event) });
  return new Hono()
    .use("/*", sealgate({ clock: () => NOW * 1000, foreign }))
    .get("/me", (c) =>
      c.json({ own: c.get("jwtPayload")?.sub, foreign: c.get("foreignPayload")?.sub, issuer: c.get("auth")?.issuer }),
    )
    .get("/orders", requireScope("orders:read"), (c) => c.text("orders"));
}

async function ask(app: ReturnType<typeof makeApp>, path: string, token: string): Promise<Response> {
  return app.request(path, { headers: { authorization: `Bearer ${token}` } }, fixture.env);
}

test("a foreign caller is no jwtPayload, and is asked for scopes where its issuer writes them", async () => {
  const events: ForeignKeysEvent[] = [];
  const app = makeApp(okta.entry, events);
  const token = await okta.access(NOW);
  expect(await (await ask(app, "/me", token)).json<Seen>()).toEqual({
    foreign: "user@acme.example",
    issuer: okta.entry.issuer,
  });
  expect((await ask(app, "/orders", token)).status).toBe(200);
  expect((await ask(app, "/orders", await okta.access(NOW, { scp: ["profile"] }))).status).toBe(403);
  expect(events).toMatchObject([{ event: "foreign_keys", keys: 2, problem: undefined }]);
  expect(network.asked).toHaveLength(1);
});

test("an own caller is, beside it and after it", async () => {
  const app = makeApp(okta.entry);
  await ask(app, "/me", await okta.access(NOW));
  const seen = await (await ask(app, "/me", await fixture.token())).json<Seen>();
  expect(seen).toEqual({ own: "user-1", issuer: "https://auth.example.com" });
});

test("shared subjects are the same users", async () => {
  const app = makeApp({ ...okta.entry, subjects: "shared" });
  const seen = await (await ask(app, "/me", await okta.access(NOW))).json<Seen>();
  expect(seen).toEqual({ own: "user@acme.example", issuer: okta.entry.issuer });
});

test("an ID token, and an issuer that does not answer", async () => {
  const app = makeApp(okta.entry);
  expect((await ask(app, "/me", await okta.refused(NOW))).status).toBe(401);
  network.serve(okta.entry.jwks_uri, () => new Response(null, { status: 500 }));
  const down = await ask(makeApp(okta.entry), "/me", await okta.access(NOW));
  expect([down.status, down.headers.has("retry-after")]).toEqual([503, true]);
});

test("without it, a foreign token is refused and nothing is asked", async () => {
  const app = new Hono().use("/*", sealgate({ clock: () => NOW * 1000 })).get("/me", (c) => c.text("me"));
  const response = await app.request(
    "/me",
    { headers: { authorization: `Bearer ${await okta.access(NOW)}` } },
    fixture.env,
  );
  expect(response.status).toBe(401);
  expect(network.asked).toEqual([]);
});

test("entries and options that cannot work are refused when the app starts", () => {
  expect(() => acceptIssuers([{ ...okta.entry, algs: [] }])).toThrow(
    /acceptIssuers: the entries \[0\] algs must be a list/,
  );
  // @ts-expect-error no option
  expect(() => acceptIssuers([okta.entry], { fetch })).toThrow(/acceptIssuers: the options/);
  // @ts-expect-error no function
  expect(() => acceptIssuers([okta.entry], { onKeys: "console" })).toThrow(/onKeys must be a function/);
  // @ts-expect-error no result of acceptIssuers
  expect(() => sealgate({ foreign: [okta.entry] })).toThrow(/foreign must be what acceptIssuers returns/);
});

test("what onKeys throws is dropped: the token is good all the same", async () => {
  const foreign = acceptIssuers([okta.entry], {
    onKeys: () => {
      throw new Error("the log is full");
    },
  });
  const app = new Hono().use("/*", sealgate({ clock: () => NOW * 1000, foreign })).get("/me", (c) => c.text("me"));
  const headers = { authorization: `Bearer ${await okta.access(NOW)}` };
  expect((await app.request("/me", { headers }, fixture.env)).status).toBe(200);
});

test("an entry for the own issuer would make own callers foreign: 500, and the log says so", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const app = makeApp({ ...okta.entry, issuer: "https://auth.example.com" });
  expect((await ask(app, "/me", await fixture.token())).status).toBe(500);
  expect(log.mock.calls.join()).toContain("must not be the issuer of an entry of acceptIssuers");
  log.mockRestore();
});
