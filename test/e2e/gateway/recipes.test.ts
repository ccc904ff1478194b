/**
 * Each recipe of docs/gateway-recipes.md, with its policy, features and variables as they are printed, in workerd: what the page says of
 * requests is what comes of them.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../../shared/json.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";
import { given } from "../../support/values.ts";

/** Says what has reached it; streams events below /events, and accepts sockets. */
const ORIGIN = `
  export default {
    async fetch(request) {
      if (request.headers.get("upgrade") === "websocket") {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.send(JSON.stringify(Object.fromEntries(request.headers)));
        return new Response(null, { status: 101, webSocket: client });
      }
      const seen = { url: request.url, headers: Object.fromEntries(request.headers), body: await request.text() };
      if (!request.url.includes("/events")) return Response.json(seen);
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      writer.write(new TextEncoder().encode("data: " + JSON.stringify(seen) + "\\n\\n"));
      // Never ends: what arrives has not waited for the end.
      return new Response(readable, { headers: { "content-type": "text/event-stream" } });
    },
  };`;

interface Recipe {
  readonly policy: string;
  readonly vars: Readonly<Record<string, string>>;
  /** Those that the recipe names, and no others. */
  readonly features: readonly string[];
}

const PAGE = readFileSync(new URL("../../../docs/gateway-recipes.md", import.meta.url), "utf8");

function readRecipes(): ReadonlyMap<string, Recipe> {
  const sections = PAGE.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const title = section.slice(0, section.indexOf("\n"));
      const policy = given(/```ts\n(.*?)```/s.exec(section)?.[1]);
      const toml = /```toml\n(.*?)```/s.exec(section)?.[1] ?? "";
      const lines = [...toml.matchAll(/^(\w+) = (?:"(.*)"|'(.*)')$/gm)];
      expect(lines).toHaveLength(toml.trim() === "" ? 0 : toml.trim().split("\n").length);
      const named = given(/^Features: (.*)$/m.exec(section)?.[1]);
      const features = [...named.matchAll(/`(\w+)`/g)].map(([, name]) => given(name));
      expect(named.startsWith("none.")).toBe(features.length === 0);
      return [
        title,
        { policy, features, vars: Object.fromEntries(lines.map(([, name = "", a, b]) => [name, a ?? b ?? ""])) },
      ];
    }),
  );
}

const recipes = readRecipes();
const gateways = new Map<string, SocketGateway>();
beforeAll(async () => {
  for (const [title, { policy, features, vars }] of recipes) {
    const origins = Object.keys(vars).flatMap((name) => /^ORIGIN_URL_(\w+)$/.exec(name)?.[1] ?? []);
    const boundOrigins = origins.map((name) => `ORIGIN_${name}`);
    const ratelimits = { CALLERS: { namespace_id: "1002", simple: { limit: 600, period: 60 as const } } };
    const platform = "CALLERS_BY" in vars ? { ratelimits } : {};
    gateways.set(
      title,
      await startSocketGateway({ origin: { script: ORIGIN }, policy, features, vars, boundOrigins, platform }),
    );
  }
});
afterAll(() => Promise.all([...gateways.values()].map((gateway) => gateway.close())));

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly seen: { readonly url?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };
}

const tested = new Set<string>();

function recipe(title: string): {
  readonly ask: (line: string, claims?: JsonObject, init?: RequestInit) => Promise<Answer>;
  readonly gateway: SocketGateway;
} {
  tested.add(title);
  const gateway = given(gateways.get(title));
  return {
    gateway,
    ask: async (line, claims, init = {}) => {
      const [method = "", path = ""] = line.split(" ");
      const headers = new Headers(init.headers);
      if (claims !== undefined) headers.set("authorization", `Bearer ${await gateway.token(claims)}`);
      const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { ...init, method, headers });
      const text = await response.text();
      const seen: Answer["seen"] = response.status === 200 ? (JSON.parse(text) as Answer["seen"]) : {};
      return { status: response.status, headers: response.headers, seen };
    },
  };
}

test("Permissions and roles", async () => {
  const { ask } = recipe("Permissions and roles");
  const reader = { permissions: ["read:orders"] };
  expect((await ask("GET /orders/7", reader)).status).toBe(200);
  expect((await ask("POST /orders", reader)).status).toBe(403);
  expect((await ask("POST /orders", { permissions: ["read:orders", "write:orders"] })).status).toBe(200);
  expect((await ask("GET /orders/7", { permissions: "read:orders" })).status).toBe(403);
  const { status, seen } = await ask("GET /reports/7", { "https://example.com/roles": ["analyst", "ops"] });
  expect([status, seen.headers?.["x-roles"], seen.headers?.["x-user-id"]]).toEqual([200, "analyst,ops", "user-1"]);
});

test("Tenants by path", async () => {
  const { ask } = recipe("Tenants by path");
  const acme = { tenant: "acme" };
  expect((await ask("GET /acme/orders", acme)).status).toBe(200);
  expect((await ask("GET /globex/orders", acme)).status).toBe(403);
  expect((await ask("GET /acme/admin/users", acme)).status).toBe(403);
  expect((await ask("GET /acme/admin/users", { ...acme, scope: "admin" })).status).toBe(200);
  expect((await ask("GET /umbrella/orders", acme)).status).toBe(404);
});

test("Several APIs", async () => {
  const { ask } = recipe("Several APIs");
  expect((await ask("GET /billing/invoices", { scope: "billing" })).seen.url).toBe(
    "https://billing.example.com/v2/invoices",
  );
  expect((await ask("GET /billing/invoices", {})).status).toBe(403);
  expect((await ask("GET /search/x")).seen.url).toBe("https://search.example.com/search/x");
  expect((await ask("GET /orders", {})).seen.url).toBe("https://origin.example.com/orders");
  expect((await ask("GET /orders")).status).toBe(401);
});

test("A session cookie", async () => {
  const { ask, gateway } = recipe("A session cookie");
  const cookie = `__Host-session=${await gateway.token()}; theme=dark`;
  const from = (origin: string, site: string) => ({ headers: { cookie, origin, "sec-fetch-site": site }, body: "{}" });
  const own = await ask("POST /api/orders", undefined, from(`http://127.0.0.1:${gateway.port}`, "same-origin"));
  expect([own.status, own.seen.headers?.["cookie"]]).toEqual([200, "theme=dark"]);
  const app = await ask("POST /api/orders", undefined, from("https://app.example.com", "cross-site"));
  expect([app.status, app.headers.get("access-control-allow-credentials")]).toEqual([200, "true"]);
  expect((await ask("POST /api/orders", undefined, from("https://evil.example", "cross-site"))).status).toBe(403);
  expect((await ask("GET /api/orders", {})).status).toBe(401);
  expect((await ask("GET /login")).status).toBe(200);
});

test("WebSockets", async () => {
  const { ask, gateway } = recipe("WebSockets");
  const token = await gateway.token({ scope: "live" });
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/x`, ["bearer", token]);
  const seen = await new Promise<string>((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => resolve(String(data)));
    socket.addEventListener("error", () => reject(new Error("no socket")));
  });
  expect(JSON.parse(seen)).toMatchObject({ "x-sealgate-subject": "user-1" });
  expect([socket.protocol, seen.includes(token)]).toEqual(["bearer", false]);
  socket.close();
  expect((await ask("GET /live/x", { scope: "live" })).status).toBe(200);
  expect((await ask("GET /live/x", {})).status).toBe(403);
});

test("Server-sent events", async () => {
  const { gateway } = recipe("Server-sent events");
  const headers = { authorization: `Bearer ${await gateway.token()}` };
  const leave = new AbortController();
  const response = await fetch(`http://127.0.0.1:${gateway.port}/events/x`, { headers, signal: leave.signal });
  const first = await response.body?.getReader().read();
  const event = new TextDecoder().decode(first?.value);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(event).toMatch(/^data: .*"x-token-expires":"\d{10}"/);
  leave.abort();
});

test("Uploads", async () => {
  const { ask, gateway } = recipe("Uploads");
  expect((await ask("PUT /files/a", { scope: "files" }, { body: "content" })).seen.body).toBe("content");
  expect((await ask("PUT /files/a", {}, { body: "content" })).status).toBe(403);
  expect((await ask("GET /files/a", {})).status).toBe(200);
  // fetch would escape these.
  const lines = ["PUT /files/a[0]%23.txt HTTP/1.1", "Host: api.example.com", "Connection: close", "Content-Length: 0"];
  const request = [...lines, `Authorization: Bearer ${await gateway.token({ scope: "files" })}`, "", ""].join("\r\n");
  const reply = await new Promise<string>((resolve) => {
    let received = "";
    const socket = connect(gateway.port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(received));
  });
  expect(reply).toContain("/files/a[0]%23.txt");
});

test("Previews and apps", async () => {
  const { ask } = recipe("Previews and apps");
  const statusFor = async (origin: string): Promise<number> => {
    const headers = { origin, "access-control-request-method": "POST" };
    return (await ask("OPTIONS /api/x", undefined, { headers })).status;
  };
  for (const origin of [
    "https://app.example.com",
    "https://feature-7.previews.app.example.com",
    "capacitor://localhost",
  ]) {
    expect([origin, await statusFor(origin)]).toEqual([origin, 204]);
  }
  for (const origin of ["https://a.b.previews.app.example.com", "https://evil.example"]) {
    expect([origin, await statusFor(origin)]).toEqual([origin, 403]);
  }
});

test("there is no recipe that is not tested", () => {
  expect([...tested].toSorted()).toEqual([...recipes.keys()].toSorted());
});
