/** Two sockets joined until one ends or the token does. Over the network: test/e2e/gateway/websocket.test.ts. */
import { describe, expect, test, vi } from "vitest";
import { closeWithToken, untilExpiry } from "../../../../edge-verifier/http/websocket.ts";
import { given } from "../../../support/values.ts";
import { makeFixture } from "../fixture.ts";

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

interface Joined {
  /** The client's end, and the origin's. */
  readonly client: WebSocket;
  readonly origin: WebSocket;
  readonly answer: Response;
}

/** A handshake that the origin has accepted, joined. */
function joined(expiresAtMs: number, headers: Record<string, string> = {}): Joined {
  const { 0: fetched, 1: origin } = new WebSocketPair();
  origin.accept();
  const answer = closeWithToken(
    new Response(null, { status: 101, webSocket: fetched, headers }),
    untilExpiry(expiresAtMs, NOW_MS),
  );
  const client = given(answer.webSocket ?? undefined);
  client.accept();
  return { client, origin, answer };
}

const ending = (socket: WebSocket): Promise<{ readonly code: number; readonly reason: string }> =>
  new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });

const nextMessage = (socket: WebSocket): Promise<unknown> =>
  new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
  });

describe("joined sockets", () => {
  test.each([NOW_MS, NOW_MS - 5000])("end on both sides when the token does: %i", async (expiresAtMs) => {
    const { client, origin } = joined(expiresAtMs);
    const expired = { code: 3000, reason: "token expired" };
    expect(await Promise.all([ending(client), ending(origin)])).toEqual([expired, expired]);
  });

  test.each([2 ** 31, 2 ** 33, 2 ** 52])(
    "stay open for a token that ends in %i ms, more than 32 bits",
    async (leftMs) => {
      const { client, origin } = joined(NOW_MS + leftMs);
      // In other runtimes a delay that does not fit fires at once, before this one.
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      const received = nextMessage(origin);
      client.send("still here");
      expect(await received).toBe("still here");
    },
  );

  test.each(["client", "origin"] as const)(
    "that the %s ends without a code end as one that goes away",
    async (side) => {
      const sockets = joined(NOW_MS + HOUR_MS);
      const other = ending(sockets[side === "client" ? "origin" : "client"]);
      sockets[side].close();
      expect((await other).code).toBe(1001);
    },
  );

  test.each(["client", "origin"] as const)("that the %s ends with a code end with it, and its reason", async (side) => {
    const sockets = joined(NOW_MS + HOUR_MS);
    const ends = [ending(sockets.client), ending(sockets.origin)];
    sockets[side].close(4001, "as asked");
    expect(await Promise.all(ends)).toEqual([
      { code: 4001, reason: "as asked" },
      { code: 4001, reason: "as asked" },
    ]);
  });

  test("that have ended wait for no token", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { client, origin } = joined(NOW_MS + HOUR_MS);
      expect(vi.getTimerCount()).toBe(1);
      const ended = ending(origin);
      client.close(4001);
      await ended;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("carry octets as octets, both ways", async () => {
    const { client, origin } = joined(NOW_MS + HOUR_MS);
    client.binaryType = "arraybuffer";
    origin.binaryType = "arraybuffer";
    const octets = new Uint8Array([0, 1, 255]);
    const [there, back] = [nextMessage(origin), nextMessage(client)];
    client.send(octets);
    origin.send(octets);
    expect(await Promise.all([there, back])).toEqual([octets.buffer, octets.buffer]);
  });

  test("agree on the origin's subprotocol, and on no extension of its connection", () => {
    const { answer } = joined(NOW_MS + HOUR_MS, {
      "sec-websocket-protocol": "chat.v1",
      "sec-websocket-extensions": "permessage-deflate",
    });
    expect(Object.fromEntries(answer.headers)).toEqual({ "sec-websocket-protocol": "chat.v1" });
  });
});

test("an answer that accepts no socket comes back as it is", () => {
  const answer = new Response("no", { status: 426 });
  expect(closeWithToken(answer, untilExpiry(NOW_MS, NOW_MS))).toBe(answer);
});

test("a rule that only reports ends no socket: what it would refuse goes on too", async () => {
  const { 0: fetched, 1: origin } = new WebSocketPair();
  origin.accept();
  const ORIGIN = { fetch: () => Promise.resolve(new Response(null, { status: 101, webSocket: fetched })) };
  const fixture = await makeFixture({ vars: { ORIGIN }, routes: [{ path: "/live", require: {}, mode: "report" }] });
  const answer = await fixture.sendAs({}, "/live", { headers: { upgrade: "websocket" } });
  // Joined sockets would be another one.
  expect(answer.webSocket).toBe(fetched);
});

test("the answer to a handshake is passed on with the socket, and nothing is added", async () => {
  const { 0: fetched, 1: origin } = new WebSocketPair();
  origin.accept();
  const ORIGIN = { fetch: () => Promise.resolve(new Response(null, { status: 101, webSocket: fetched })) };
  const fixture = await makeFixture({ vars: { ORIGIN, HSTS_MAX_AGE_SECONDS: "60" } });
  const answer = await fixture.send("/public/live", { headers: { upgrade: "websocket" } });
  expect(answer.status).toBe(101);
  expect(answer.webSocket).toBe(fetched);
  expect([...answer.headers]).toEqual([]);
});
