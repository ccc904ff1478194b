/** Methods beyond the usual ones, on the wire: which ones workerd passes, and that only those that a rule names are forwarded. */
import { expect, test } from "vitest";
import { FURTHER_METHODS } from "../../../edge-verifier/features/further-methods.ts";
import { useGatewayBehindSockets } from "../../support/gateway-behind-sockets.ts";
import { sendRaw } from "../../support/raw-http.ts";

const POLICY = `
  import { defineRoutes } from "sealgate/edge-verifier";
  export default defineRoutes([
    { path: "/dav/*", methods: ["GET", ${FURTHER_METHODS.map((one) => `"${one}"`).join(", ")}], require: {} },
    { path: "/usual/*", require: {} },
  ]);`;

const running = useGatewayBehindSockets(POLICY, "207 Multi-Status");

async function statusOf(method: string, path: string, authorised = true): Promise<number> {
  const bearer = authorised ? [`Authorization: Bearer ${await running().gateway.token()}`] : [];
  const lines = [`${method} ${path} HTTP/1.1`, "Host: api.example.com", ...bearer, "Connection: close"];
  return (await sendRaw(running().gateway.port, [...lines, "Content-Length: 4", "", "body"].join("\r\n"))).status;
}

test.each(FURTHER_METHODS)(
  "%s reaches the origin where a rule names it, with a token, and nowhere else",
  async (method) => {
    expect(await statusOf(method, "/dav/x")).toBe(207);
    expect(running().origin.exchanges.map(({ requestLine }) => requestLine)).toEqual([`${method} /dav/x HTTP/1.1`]);
    expect(await statusOf(method, "/dav/x", false)).toBe(401);
    expect(await statusOf(method, "/usual/x")).toBe(405);
    expect(running().origin.exchanges).toHaveLength(1);
  },
);

test.each(["TRACE", "COPY", "MOVE"])("%s, which workerd passes, is never forwarded", async (method) => {
  expect(await statusOf(method, "/dav/x")).toBe(405);
  expect(running().origin.exchanges).toEqual([]);
});

test.each(["MKCALENDAR", "BIND", "LINK", "UPDATE", "VERSION-CONTROL", "FOO", "propfind"])(
  "workerd knows no method %s",
  async (method) => {
    expect(await statusOf(method, "/dav/x")).toBe(501);
    expect(running().origin.exchanges).toEqual([]);
  },
);

test("CONNECT opens nothing", async () => {
  expect(await statusOf("CONNECT", "api.example.com:443")).toBeGreaterThanOrEqual(400);
  expect(running().origin.exchanges).toEqual([]);
});
