/**
 * How WebSockets end when a peer does not do its part: it goes away, says no code, or never answers. Both peers are raw sockets, so
 * that no library answers for them.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acceptWebSocket, startRawOrigin } from "../../support/raw-http.ts";
import type { RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

let origin: RawOrigin;
let gateway: SocketGateway;
let accepted: (socket: Socket) => void;
beforeAll(async () => {
  origin = await startRawOrigin((exchange) => {
    // Until `peerOf` listens: a socket without a listener drops what it reads, and a closing frame may come at once.
    exchange.socket.pause();
    void acceptWebSocket(exchange).then(() => accepted(exchange.socket));
  });
  gateway = await startSocketGateway({ origin: { url: origin.url } });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});

interface Peer {
  readonly socket: Socket;
  /** The code of the closing frame that it gets, or "gone" when the connection ends without one. */
  readonly end: Promise<number | "gone">;
}

/** Both ends of a socket through the gateway. */
async function open(expiresInSeconds: number): Promise<{ readonly client: Peer; readonly server: Peer }> {
  const serverSocket = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const lines = ["GET /api/live HTTP/1.1", "Host: api.example.com", "Connection: Upgrade", "Upgrade: websocket"];
  const handshake = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  const token = `Authorization: Bearer ${await gateway.token({}, expiresInSeconds)}`;
  const socket = connect(gateway.port, "127.0.0.1", () =>
    socket.write([...lines, ...handshake, token, "", ""].join("\r\n")),
  );
  const opened = new Promise<void>((resolve) => {
    let head = "";
    const read = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", read);
      socket.pause();
      const rest = Buffer.from(head.slice(end + 4), "latin1");
      if (rest.length > 0) socket.unshift(rest);
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      resolve();
    };
    socket.on("data", read);
  });
  const peerAtOrigin = peerOf(await serverSocket);
  await opened;
  return { client: peerOf(socket), server: peerAtOrigin };
}

function peerOf(socket: Socket): Peer {
  const end = new Promise<number | "gone">((resolve) => {
    let octets = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      octets = Buffer.concat([octets, chunk]);
      const code = closeCodeOf(octets);
      if (code !== undefined) resolve(code);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve("gone"));
    socket.resume();
  });
  return { socket, end };
}

/** Of a closing frame, which is the only one that is sent here (RFC 6455 section 5.5.1); 1005 when it has none. */
function closeCodeOf(octets: Buffer): number | undefined {
  const isMasked = ((octets[1] ?? 0) & 0x80) !== 0;
  const start = isMasked ? 6 : 2;
  if (octets[0] !== 0x88 || octets.length < 2) return undefined;
  if (((octets[1] ?? 0) & 0x7f) === 0) return 1005;
  if (octets.length < start + 2) return undefined;
  const [high = 0, low = 0] = octets.subarray(start);
  const mask = isMasked ? octets.subarray(2) : Buffer.alloc(2);
  return ((high ^ (mask[0] ?? 0)) << 8) | (low ^ (mask[1] ?? 0));
}

/** A closing frame without a code; a client masks it, with zeros here. */
const EMPTY_CLOSE = { client: Buffer.from([0x88, 0x80, 0, 0, 0, 0]), server: Buffer.from([0x88, 0x00]) };

/** Of no kind that RFC 6455 section 5.2 knows. */
const BROKEN = { client: Buffer.from([0x83, 0x80, 0, 0, 0, 0]), server: Buffer.from([0x83, 0x00]) };

describe("a WebSocket", () => {
  test("whose token expires during the handshake, within the leeway, is closed on both sides at once", async () => {
    const { client, server } = await open(-5);
    expect(await Promise.all([client.end, server.end])).toEqual([3000, 3000]);
    client.socket.destroy();
    server.socket.destroy();
  });

  test("is closed on both sides when its token expires, although neither answers", async () => {
    const { client, server } = await open(1);
    expect(await Promise.all([client.end, server.end])).toEqual([3000, 3000]);
    client.socket.destroy();
    server.socket.destroy();
  });

  test.each([
    ["client", "server"],
    ["server", "client"],
  ] as const)("whose %s goes away ends for the %s", async (leaving, staying) => {
    const peers = await open(600);
    peers[leaving].socket.destroy();
    expect(await peers[staying].end).toBe(1001);
    peers[staying].socket.destroy();
  });

  test.each([
    ["client", "server"],
    ["server", "client"],
  ] as const)("whose %s sends what is no frame ends for the %s", async (leaving, staying) => {
    const peers = await open(600);
    peers[leaving].socket.write(BROKEN[leaving]);
    expect(await peers[staying].end).toBe(1001);
    for (const { socket } of [peers.client, peers.server]) socket.destroy();
  });

  test.each([
    ["client", "server"],
    ["server", "client"],
  ] as const)("whose %s ends it without a code ends for the %s", async (leaving, staying) => {
    const peers = await open(600);
    peers[leaving].socket.write(EMPTY_CLOSE[leaving]);
    expect(await peers[staying].end).toBe(1001);
    // And whoever has ended it is answered.
    expect([1001, 1005]).toContain(await peers[leaving].end);
    for (const { socket } of [peers.client, peers.server]) socket.destroy();
  });
});
