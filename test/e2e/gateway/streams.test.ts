/**
 * Bodies of any size pass through with flat memory, in both directions: what is under way between two sockets stays small
 * however slow the reading side is, and an end on one side is an end on the other.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startRawOrigin } from "../../support/raw-http.ts";
import type { RawExchange, RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

const MEBI = 1024 * 1024;
const TOTAL = 192 * MEBI;
/** The buffers of three processes and four ends of sockets fit; a body that is held in memory does not. */
const MOST_UNDER_WAY = 48 * MEBI;
const CHUNK = Buffer.alloc(256 * 1024, 0x61);
/** A sender that has not got rid of anything for this long is held back. Longer only makes the test slower. */
const HELD_BACK_AFTER_MS = 400;

let origin: RawOrigin;
let gateway: SocketGateway;
let answer: (exchange: RawExchange) => void;

beforeAll(async () => {
  origin = await startRawOrigin((exchange) => answer(exchange));
  gateway = await startSocketGateway({ origin: { url: origin.url } });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});
afterEach(() => {
  // The origin reads one request from each connection; none may be used for the next test.
  for (const { socket } of origin.exchanges) socket.destroy();
  origin.exchanges.length = 0;
});

interface Sending {
  /** Octets that have left the sender. */
  readonly sent: () => number;
  /** Resolves when the receiver holds the sender back, or when everything has been sent. */
  readonly heldBack: Promise<void>;
}

/** Sends octets as fast as the socket takes them. */
function sendAll(socket: Socket, total: number): Sending {
  let sent = 0;
  let lastMs = Date.now();
  const sendNext = (): void => {
    if (sent >= total || socket.destroyed) return;
    socket.write(CHUNK, (error) => {
      if (error) return;
      sent += CHUNK.length;
      lastMs = Date.now();
      sendNext();
    });
  };
  sendNext();
  const heldBack = new Promise<void>((resolve) => {
    const watching = setInterval(() => {
      if (sent < total && Date.now() - lastMs < HELD_BACK_AFTER_MS) return;
      clearInterval(watching);
      resolve();
    }, 50);
  });
  return { sent: () => sent, heldBack };
}

/** Reads until `total` octets of body are there. @returns the most that was ever under way */
async function receiveAll(socket: Socket, total: number, sending: Sending): Promise<number> {
  let received = 0;
  let mostUnderWay = sending.sent();
  for await (const chunk of socket) {
    received += (chunk as Buffer).length;
    mostUnderWay = Math.max(mostUnderWay, sending.sent() - received);
    if (received >= total) break;
  }
  expect(received).toBeGreaterThanOrEqual(total);
  return mostUnderWay;
}

async function ask(line: string, headers: readonly string[] = []): Promise<Socket> {
  const socket = connect(gateway.port, "127.0.0.1");
  await once(socket, "connect");
  const lines = [`${line} HTTP/1.1`, "Host: api.example.com", `Authorization: Bearer ${await gateway.token()}`];
  socket.write([...lines, ...headers, "", ""].join("\r\n"));
  return socket;
}

/** The exchange of the next request, with its socket not read from. */
function nextExchange(): Promise<RawExchange> {
  return new Promise((resolve) => {
    answer = (exchange) => {
      exchange.socket.pause();
      resolve(exchange);
    };
  });
}

describe("a large body", () => {
  test("to the origin is held back at the client while the origin does not read", async () => {
    const arriving = nextExchange();
    const client = await ask("POST /api/x", [`Content-Length: ${TOTAL}`]);
    const sending = sendAll(client, TOTAL);
    const { socket } = await arriving;
    await sending.heldBack;
    expect(sending.sent()).toBeLessThan(MOST_UNDER_WAY);
    expect(await receiveAll(socket, TOTAL, sending)).toBeLessThan(MOST_UNDER_WAY);
    client.destroy();
  });

  test("to the client is held back at the origin while the client does not read", async () => {
    const arriving = nextExchange();
    const client = await ask("GET /api/x");
    client.pause();
    const { socket } = await arriving;
    socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${TOTAL}\r\n\r\n`);
    const sending = sendAll(socket, TOTAL);
    await sending.heldBack;
    expect(sending.sent()).toBeLessThan(MOST_UNDER_WAY);
    expect(await receiveAll(client, TOTAL, sending)).toBeLessThan(MOST_UNDER_WAY);
    client.destroy();
  });
});

describe("an end", () => {
  test("that the client makes while it is sending is passed on to the origin", async () => {
    const closed = new Promise<void>((resolve) => {
      answer = ({ socket }) => {
        socket.on("close", () => resolve());
        socket.once("data", () => client.destroy());
      };
    });
    const client = await ask("POST /api/x", [`Content-Length: ${TOTAL}`]);
    client.write(CHUNK);
    await closed;
    expect(origin.exchanges).toHaveLength(1);
  });

  test("that the origin makes in the middle of its answer is seen by the client", async () => {
    const arriving = nextExchange();
    const client = await ask("GET /api/x");
    const { socket } = await arriving;
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    let received = "";
    client.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (received.includes("first")) socket.destroy();
    });
    client.on("error", () => client.destroy());
    await once(client, "close");
    // The last chunk, which says that an answer is complete, must not be made up.
    expect(received).toContain("first");
    expect(received).not.toContain("\r\n0\r\n\r\n");
  });

  test("that the origin makes before it has read the body is 502", async () => {
    answer = ({ socket }) => socket.destroy();
    const client = await ask("POST /api/x", [`Content-Length: ${TOTAL}`]);
    client.on("error", () => client.destroy());
    client.write(CHUNK);
    const [head] = (await once(client, "data")) as [Buffer];
    expect(head.toString("latin1")).toMatch(/^HTTP\/1\.1 502 /);
    client.destroy();
  });
});
