/** An origin that is bound and has a URL all the same: the binding is called, and what it is asked for is that URL. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAssertionKey, createAssertionVerifier, epochSecondsFromMs } from "../../../shared/origin.ts";
import { sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawExchange, RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";
import { given } from "../../support/values.ts";

/** Nobody answers there: what arrives has come through the binding. */
const ORIGIN_URL = "https://origin.invalid:8443/base";

let origin: RawOrigin;
let gateway: SocketGateway;
let keys: Awaited<ReturnType<typeof createAssertionKey>>;
beforeAll(async () => {
  origin = await startRawOrigin(({ socket }) =>
    socket.end("HTTP/1.1 302 Found\r\nLocation: /base/next\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
  );
  keys = await createAssertionKey();
  gateway = await startSocketGateway({
    origin: { boundUrl: origin.url },
    complete: true,
    vars: { ORIGIN_URL, ASSERTION_KEY: JSON.stringify(keys.privateJwk) },
  });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});

test("host, path and assertion are those of ORIGIN_URL, and a redirect below its path leads back to the gateway", async () => {
  const lines = ["GET /api/x?y HTTP/1.1", "Host: api.example.com", "Connection: close"];
  const request = [...lines, `Authorization: Bearer ${await gateway.token()}`, "", ""].join("\r\n");
  const { status, head } = await sendRaw(gateway.port, request);
  expect(status).toBe(302);
  expect(head).toMatch(/^location: http:\/\/api\.example\.com\/next\r?$/im);

  const exchange = given(origin.exchanges[0]);
  expect(exchange.requestLine).toBe("GET /base/api/x?y HTTP/1.1");
  expect(header(exchange, "host")).toBe("origin.invalid:8443");
  const verifier = await createAssertionVerifier({
    keys: [keys.publicJwk],
    audience: ORIGIN_URL,
    clockSkewSeconds: 5,
    replay: "accept_until_expiry",
  });
  const assertion = header(exchange, "x-sealgate-assertion");
  const received = { method: "GET", target: "/base/api/x?y", assertion };
  expect(await verifier.verify(received, epochSecondsFromMs(Date.now()))).toMatchObject({ ok: true });
});

function header({ headers }: RawExchange, wanted: string): string {
  return given(headers.find(([name]) => name === wanted))[1];
}
