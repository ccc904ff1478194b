/** The console over HTTP: its routes, its headers, and what it says when the ring cannot be read. */
import type { Hono } from "hono";
import { expect, test } from "vitest";
import { createConsoleApp } from "../../../../issuer/console/app.ts";
import { createDecisionLog } from "../../../../issuer/console/decision-log.ts";
import { createGuard } from "../../../../issuer/console/guard.ts";
import type { RingReading } from "../../../../issuer/console/ring-view.ts";
import { SealgateError } from "../../../../issuer/errors.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { observedRing } from "../../../support/observed-ring.ts";
import { readingOf } from "./support.ts";

const EXPECTED = { issuer: TEST_ISSUER, audience: "https://api.example.com" };

const WITHOUT = { routes: undefined, decisions: undefined, closing: new AbortController().signal };

type Get = (path: string, method?: string) => Promise<Response>;

/** A browser that has opened the printed URL. */
async function open(read: () => Promise<RingReading>): Promise<{ readonly first: Response; readonly get: Get }> {
  const guard = createGuard();
  const app = createConsoleApp({ guard, read, expected: EXPECTED, script: "/* script */", ...WITHOUT });
  const headers = { host: "127.0.0.1:4000" };
  const first = await app.request(`http://127.0.0.1:4000/?token=${guard.token}`, { headers });
  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  const get: Get = async (path, method = "GET") =>
    app.request(`http://127.0.0.1:4000${path}`, { method, headers: { ...headers, cookie } });
  return { first, get };
}

test("gives the page, the ring, the style and the script, each with a strict policy and not to be stored", async () => {
  const { first, get } = await open(async () => readingOf());
  const [ring, style, script] = await Promise.all([get("/ring"), get("/page.css"), get("/page.js")]);
  expect(await first.text()).toContain('<script type="module" src="/page.js">');
  expect(await ring.text()).toContain('<h2 id="time-line">');
  expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
  expect(await script.text()).toBe("/* script */");
  for (const { status, headers } of [first, ring, style, script]) {
    expect(status).toBe(200);
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/,
    );
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
  expect(script.headers.get("set-cookie")).toBeNull();
});

test("says what is wrong when the ring cannot be read", async () => {
  const { get } = await open(() => Promise.reject(new SealgateError("kms_access_denied", "KMS refuses <b>.")));
  const ring = await get("/ring");
  expect(ring.status).toBe(200);
  expect(await ring.text()).toContain("<b>kms_access_denied</b>: KMS refuses &lt;b&gt;.");
});

test("a stranger gets a sentence, and nothing is read", async () => {
  const app = createConsoleApp({
    guard: createGuard(),
    read: () => Promise.reject(new Error("read")),
    expected: EXPECTED,
    script: "",
    ...WITHOUT,
  });
  const response = await app.request("http://127.0.0.1:4000/ring", { headers: { host: "127.0.0.1:4000" } });
  expect(response.status).toBe(403);
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(await response.text()).toContain("works once");
});

test("only reads", async () => {
  const { get } = await open(async () => readingOf());
  const response = await get("/ring", "POST");
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
  expect((await get("/other")).status).toBe(404);
});

test("gives the page the public keys of the ring, and a code when there are none to give", async () => {
  const { get } = await open(async () => readingOf());
  expect(await (await get("/keys")).json()).toMatchObject({
    ring: "main",
    issuer: TEST_ISSUER,
    anchors: [{ use: "sig" }],
  });
  const { get: failing } = await open(() => Promise.reject(new SealgateError("kms_access_denied", "KMS refuses.")));
  expect(await (await failing("/keys")).json()).toEqual({ code: "kms_access_denied" });
  const document = { kind: "unknown", fault: "publish_unreachable", message: "KV is down." } as const;
  const { get: withoutKv } = await open(async () => readingOf(observedRing({ document })));
  expect(await (await withoutKv("/keys")).json()).toEqual({ code: "publish_unreachable" });
});

test("streams the gateway's decisions to the browser that was let in, and there are none without a log", async () => {
  const guard = createGuard();
  const decisions = createDecisionLog();
  const closing = new AbortController();
  const options = {
    guard,
    read: async () => readingOf(),
    expected: EXPECTED,
    script: "",
    routes: undefined,
    closing: closing.signal,
  };
  const app = createConsoleApp({ ...options, decisions });
  const headers = { host: "127.0.0.1:4000" };
  expect((await app.request("http://127.0.0.1:4000/decisions", { headers })).status).toBe(403);
  const first = await app.request(`http://127.0.0.1:4000/?token=${guard.token}`, { headers });
  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  const ask = (app: Hono, more: object = {}): Promise<Response> =>
    Promise.resolve(app.request("http://127.0.0.1:4000/decisions", { headers: { ...headers, cookie, ...more } }));
  expect((await ask(app, { origin: "https://evil.example" })).status).toBe(403);
  const stream = await ask(app, { "Last-Event-ID": "x" });
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  expect(stream.headers.get("cache-control")).toBe("no-store");
  closing.abort();
  expect(await stream.text()).toBe('id: 0\ndata: {"decisions":[],"missed":0,"isOver":false}\n\n');
  expect((await ask(createConsoleApp({ ...options, decisions: undefined }))).status).toBe(404);
});
