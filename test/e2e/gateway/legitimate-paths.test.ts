/** Paths as browsers send them, on the wire: what a rule tolerates reaches the origin as it came. */
import { expect, test } from "vitest";
import { useGatewayBehindSockets } from "../../support/gateway-behind-sockets.ts";
import { sendRaw } from "../../support/raw-http.ts";

const POLICY = `
  import { defineRoutes } from "sealgate/edge-verifier";
  export default defineRoutes([
    { path: "/files/*", allow: "anyone", tolerate: ["%23", "%25", "%3F", "|", "[", "]", "^"], stripPrefix: "/files" },
    { path: "/*", allow: "anyone" },
  ]);`;

const running = useGatewayBehindSockets(POLICY, "200 OK");

const send = async (path: string): Promise<number> =>
  (await sendRaw(running().gateway.port, `GET ${path} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n`))
    .status;

test.each([
  ["/files/C%23/100%25?q=%3F|[^", "/C%23/100%25?q=%3F|[^"],
  ["/files/what%3F", "/what%3F"],
  ["/files/a|b[0].txt", "/a|b[0].txt"],
  // The platform's URL parser escapes this one.
  ["/files/a^b", "/a%5Eb"],
])("%s reaches the origin as %s", async (path, target) => {
  expect(await send(path)).toBe(200);
  expect(running().origin.exchanges.map(({ requestLine }) => requestLine)).toEqual([`GET ${target} HTTP/1.1`]);
});

test.each([
  "/files/a%2Fb",
  "/files/a;b",
  "/files//b",
  "/files/%252e%252e/x",
  "/other/a|b",
  "/other/a%23",
  "/files/a\\b",
])("%s does not", async (path) => {
  expect(await send(path)).toBe(400);
  expect(running().origin.exchanges).toEqual([]);
});
