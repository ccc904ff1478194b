/** One read of a JWK Set over real HTTP: what the platform's fetch makes of redirects, of compression and of a slow server. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readJwkSet } from "../../../../shared/foreign/fetch-keys.ts";
import type { JwkSetFetch } from "../../../../shared/foreign/fetch-keys.ts";
import { createManualTimer } from "../../../support/key-set-readers.ts";

/** 25 MB of white space, in 25 kB. */
const BOMB = gzipSync(Buffer.alloc(25 * 1024 * 1024, " "));

let server: Server;
let base: string;
let asked: string[] = [];
let dripped: (() => void) | undefined;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(String(request.url));
    if (request.url === "/redirect") return response.writeHead(302, { location: "/metadata" }).end();
    if (request.url === "/bomb") return response.writeHead(200, { "content-encoding": "gzip" }).end(BOMB);
    if (request.url === "/drip") {
      response.writeHead(200).write('{"keys":');
      response.on("close", () => dripped?.());
      return undefined;
    }
    return response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"keys":[]}'));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  base = typeof address === "object" && address !== null ? `http://127.0.0.1:${String(address.port)}` : "";
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

/** The issuer's host leads to this machine. */
const toLoopback: JwkSetFetch = (url, request) => fetch(url.replace("https://login.acme.example", base), request);

const read = (path: string): ReturnType<typeof readJwkSet> =>
  readJwkSet(`https://login.acme.example${path}`, toLoopback);

test("a compressed document is read", async () => {
  const octets = await read("/jwks");
  expect(octets.ok && new TextDecoder().decode(octets.value)).toBe('{"keys":[]}');
});

test("a redirect is not followed", async () => {
  expect(await read("/redirect")).toEqual({ ok: false, error: "jwk_set_refused" });
  expect(asked).toEqual(["/redirect"]);
});

test("octets are counted after they are decompressed", async () => {
  expect(BOMB.length).toBeLessThan(30_000);
  expect(await read("/bomb")).toEqual({ ok: false, error: "jwk_set_too_large" });
});

test("a server that drips is left when the time is over: the connection ends", async () => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  dripped = resolve;
  const timer = createManualTimer();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const reading = readJwkSet(
    "https://login.acme.example/drip",
    async (url, request) => {
      const response = await toLoopback(url, request);
      begin();
      return response;
    },
    timer.start,
  );
  await begun;
  timer.fire();
  expect(await reading).toEqual({ ok: false, error: "jwk_set_timeout" });
  await left;
});

test("no server", async () => {
  const nowhere: JwkSetFetch = (_url, request) => fetch("http://127.0.0.1:1/jwks", request);
  expect(await readJwkSet("https://login.acme.example/jwks", nowhere)).toEqual({
    ok: false,
    error: "jwk_set_unreachable",
  });
});
