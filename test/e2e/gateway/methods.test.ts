/** Methods beyond the usual ones, on the wire: which ones workerd passes, and that only those that a rule names are forwarded. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FURTHER_METHODS } from "../../../edge-verifier/features/further-methods.ts";
import { sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

const POLICY = `
  import { defineRoutes } from "sealgate/edge-verifier";
  export default defineRoutes([
    { path: "/dav/*", methods: ["GET", ${FURTHER_METHODS.map((one) => `"${one}"`).join(", ")}], require: {} },
    { path: "/usual/*", require: {} },
  ]);`;

let origin: RawOrigin;
let gateway: SocketGateway;
beforeAll(async () => {
  origin = await startRawOrigin(({ socket }) =>
    socket.end("HTTP/1.1 207 Multi-Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
  );
  gateway = await startSocketGateway({ origin: { url: origin.url }, policy: POLICY });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});
afterEach(() => {
  origin.exchanges.length = 0;
});

async function statusOf(method: string, path: string, authorised = true): Promise<number> {
  const bearer = authorised ? [`Authorization: Bearer ${await gateway.token()}`] : [];
  const lines = [`${method} ${path} HTTP/1.1`, "Host: api.example.com", ...bearer, "Connection: close"];
  return (await sendRaw(gateway.port, [...lines, "Content-Length: 4", "", "body"].join("\r\n"))).status;
}

test.each(FURTHER_METHODS)(
  "%s reaches the origin where a rule names it, with a token, and nowhere else",
  async (method) => {
    expect(await statusOf(method, "/dav/x")).toBe(207);
    expect(origin.exchanges.map(({ requestLine }) => requestLine)).toEqual([`${method} /dav/x HTTP/1.1`]);
    expect(await statusOf(method, "/dav/x", false)).toBe(401);
    expect(await statusOf(method, "/usual/x")).toBe(405);
    expect(origin.exchanges).toHaveLength(1);
  },
);

test.each(["TRACE", "COPY", "MOVE"])("%s, which workerd passes, is never forwarded", async (method) => {
  expect(await statusOf(method, "/dav/x")).toBe(405);
  expect(origin.exchanges).toEqual([]);
});

test.each(["MKCALENDAR", "BIND", "LINK", "UPDATE", "VERSION-CONTROL", "FOO", "propfind"])(
  "workerd knows no method %s",
  async (method) => {
    expect(await statusOf(method, "/dav/x")).toBe(501);
    expect(origin.exchanges).toEqual([]);
  },
);

test("CONNECT opens nothing", async () => {
  expect(await statusOf("CONNECT", "api.example.com:443")).toBeGreaterThanOrEqual(400);
  expect(origin.exchanges).toEqual([]);
});
