/**
 * Cookies whose octets are not UTF-8, as old applications write them in Latin-1: what the gateway has nothing to correct in arrives
 * octet for octet. A header that is written anew would not.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

let origin: RawOrigin;
let gateway: SocketGateway;
let setCookies: readonly string[] = [];

const POLICY = `
  import { defineRoutes } from "sealgate/edge-verifier";
  export default defineRoutes([{ path: "/shop/*", allow: "anyone" }]);`;

beforeAll(async () => {
  origin = await startRawOrigin(({ socket }) => {
    const lines = setCookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`);
    socket.end(`HTTP/1.1 200 OK\r\n${lines.join("")}Content-Length: 2\r\nConnection: close\r\n\r\nok`, "latin1");
  });
  const vars = { TOKEN_CARRIERS: "authorization,cookie", TOKEN_COOKIE: "session" };
  gateway = await startSocketGateway({ origin: { url: `${origin.url}/v2` }, policy: POLICY, vars });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});
afterEach(() => {
  origin.exchanges.length = 0;
});

/** @returns the cookies of the answer, and what the origin was sent */
async function ask(
  ...headers: readonly string[]
): Promise<{ readonly answered: readonly string[]; readonly sent: string }> {
  const lines = ["GET /shop/x HTTP/1.1", "Host: api.example.com", ...headers, "Connection: close", "", ""];
  const { status, head } = await sendRaw(gateway.port, lines.join("\r\n"));
  expect(status).toBe(200);
  const answered = head.split("\r\n").flatMap((line) => /^set-cookie: (.*)$/i.exec(line)?.[1] ?? []);
  return { answered, sent: origin.exchanges[0]?.head ?? "" };
}

test.each([
  [["name=caf\xe9"]],
  [["name=caf\xe9; path=/elsewhere-\xe9", "b=2; HttpOnly"]],
  [["name=caf\xe9; PATH = /; Domain=\xe9.example"]],
])("%j of the origin", async (cookies) => {
  setCookies = cookies;
  expect((await ask()).answered).toEqual(cookies);
});

test("of a client, whose token is in no cookie", async () => {
  setCookies = [];
  expect((await ask("Cookie: name=caf\xe9; b=2")).sent).toMatch(/^Cookie: name=caf\xe9; b=2$/im);
});
