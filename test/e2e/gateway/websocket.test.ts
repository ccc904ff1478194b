/** Real WebSockets: a client, the uploaded Worker in workerd, and an origin Worker that accepts them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

/** Repeats every message, says who it is talking to and how connections end, and closes when it is asked to. */
const ORIGIN = `
  const ended = [];
  let handshakes = 0;
  export default {
    async fetch(request) {
      if (new URL(request.url).pathname === "/public/seen") return Response.json({ ended, handshakes });
      if (request.headers.get("upgrade") !== "websocket") return new Response("no socket", { status: 426 });
      handshakes += 1;
      const [client, server] = Object.values(new WebSocketPair());
      server.binaryType = "arraybuffer";
      server.accept();
      server.send(request.headers.get("x-sealgate-subject") ?? "nobody");
      server.addEventListener("message", ({ data }) => {
        if (data === "close") server.close(4001, "as asked");
        else server.send(data);
      });
      server.addEventListener("close", ({ code, reason }) => ended.push({ code, reason }));
      const headers = { "sec-websocket-protocol": "chat.v1" };
      return new Response(null, { status: 101, webSocket: client, headers });
    },
  };
`;

let gateway: SocketGateway;
beforeAll(async () => {
  gateway = await startSocketGateway({ origin: { script: ORIGIN } });
});
afterAll(() => gateway.close());

interface Client {
  readonly socket: WebSocket;
  /** The next message. */
  readonly next: () => Promise<unknown>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Resolves when the connection is open; rejects when the handshake is refused. */
async function open(path: string, token?: string): Promise<Client> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, { protocols: ["chat.v1"], headers });
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.addEventListener("message", ({ data }) => {
    const first = waiting.shift();
    if (first === undefined) messages.push(data);
    else first(data);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the handshake was refused")));
  });
  const next = (): Promise<unknown> =>
    messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { socket, next, closed };
}

interface Seen {
  readonly ended: readonly { readonly code: number; readonly reason: string }[];
  readonly handshakes: number;
}

async function seenByOrigin(): Promise<Seen> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/public/seen`);
  return (await response.json()) as Seen;
}

describe("a WebSocket", () => {
  test("is verified before the origin sees its handshake", async () => {
    const before = (await seenByOrigin()).handshakes;
    await expect(open("/api/live")).rejects.toThrow("refused");
    await expect(open("/api/live", "not.a.token")).rejects.toThrow("refused");
    await expect(open("/api/admin/live", await gateway.token())).rejects.toThrow("refused");
    expect((await seenByOrigin()).handshakes).toBe(before);
  });

  test("carries text and octets both ways, in order, for the caller of the token", async () => {
    const { socket, next, closed } = await open("/api/live", await gateway.token({ sub: "user-7" }));
    expect(socket.protocol).toBe("chat.v1");
    expect(await next()).toBe("user-7");
    for (const text of ["one", "", "zwei ✓", "x".repeat(200_000)]) {
      socket.send(text);
      expect(await next()).toBe(text);
    }
    socket.send(new Uint8Array([0, 1, 255]));
    expect(await next()).toEqual(new Uint8Array([0, 1, 255]).buffer);
    socket.close(4002, "done");
    expect(await closed).toEqual({ code: 4002, reason: "done" });
  });

  test("that the client ends is ended for the origin", async () => {
    const { socket, closed } = await open("/api/live", await gateway.token());
    socket.close(4003, "client");
    await closed;
    await expect.poll(async () => (await seenByOrigin()).ended).toContainEqual({ code: 4003, reason: "client" });
  });

  test("that the origin ends is ended for the client", async () => {
    const { socket, closed } = await open("/api/live", await gateway.token());
    socket.send("close");
    expect(await closed).toEqual({ code: 4001, reason: "as asked" });
  });

  test("is closed on both sides when its token expires", async () => {
    const { closed, next, socket } = await open("/api/live", await gateway.token({}, 2));
    await next();
    socket.send("still open");
    expect(await next()).toBe("still open");
    expect(await closed).toEqual({ code: 3000, reason: "token expired" });
    await expect.poll(async () => (await seenByOrigin()).ended).toContainEqual({ code: 3000, reason: "token expired" });
  });

  test("opened with a token that is past its end, within the leeway for clocks, is closed at once", async () => {
    const { closed } = await open("/api/live", await gateway.token({}, -5));
    expect((await closed).code).toBe(3000);
  });

  test("on an open route needs no token and has no end", async () => {
    const { socket, next, closed } = await open("/public/live");
    expect(await next()).toBe("nobody");
    socket.send("hello");
    expect(await next()).toBe("hello");
    socket.close(1000);
    expect((await closed).code).toBe(1000);
  });
});

test("an origin that does not accept the handshake answers as it does", async () => {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/api/x`, {
    headers: { authorization: `Bearer ${await gateway.token()}` },
  });
  expect(response.status).toBe(426);
});
