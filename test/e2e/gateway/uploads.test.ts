/**
 * Uploads of clients that are slow, through the uploaded Worker between real sockets: `ORIGIN_TIMEOUT_SECONDS` is the origin's
 * time, and runs from the end of the upload.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawExchange, RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";
import { given } from "../../support/values.ts";

const TIMEOUT_SECONDS = 1;
/** Three pauses between four pieces: longer than the time-out in all. */
const PAUSE_MS = 450;
const LENGTH = 20_000;
/** The last octet is found nowhere before it. */
const PIECES = ["w", "x", "y", "z"].map((letter) => letter.repeat(LENGTH)).map((piece) => piece.replace(/z$/, "!"));
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

let origin: RawOrigin;
let gateway: SocketGateway;
let answer: (exchange: RawExchange) => void;

beforeAll(async () => {
  origin = await startRawOrigin((exchange) => answer(exchange));
  gateway = await startSocketGateway({
    origin: { url: origin.url },
    vars: { ORIGIN_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS) },
  });
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});
afterEach(() => {
  for (const { socket } of origin.exchanges) socket.destroy();
  origin.exchanges.length = 0;
});

const FRAMINGS = [
  {
    name: "of a known length",
    header: `Content-Length: ${String(4 * LENGTH)}`,
    frame: (piece: string) => piece,
    end: "",
  },
  {
    name: "in chunks",
    header: "Transfer-Encoding: chunked",
    frame: (piece: string) => `${piece.length.toString(16)}\r\n${piece}\r\n`,
    end: "0\r\n\r\n",
  },
] as const;

/** Sends the pieces with pauses between them. */
async function upload(socket: Socket, { frame, end }: (typeof FRAMINGS)[number]): Promise<void> {
  for (const [index, piece] of PIECES.entries()) {
    if (index > 0) await wait(PAUSE_MS);
    socket.write(frame(piece) + (index === PIECES.length - 1 ? end : ""));
  }
}

async function begin(header: string): Promise<{ readonly client: Socket; readonly reply: Promise<string> }> {
  const client = connect(gateway.port, "127.0.0.1");
  let received = "";
  client.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  const reply = once(client, "close").then(() => received);
  await once(client, "connect");
  const lines = ["POST /api/x HTTP/1.1", "Host: api.example.com", `Authorization: Bearer ${await gateway.token()}`];
  client.write([...lines, header, "Connection: close", "", ""].join("\r\n"));
  return { client, reply };
}

/** What the origin has received of the body, as soon as it ends. */
function bodyEndingIn(end: string, { socket }: RawExchange, then: (body: string) => void): void {
  let body = "";
  socket.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
    if (body.endsWith(end)) then(body);
  });
}

/** Without the framing of chunks, which may be cut elsewhere. */
function contentOf(body: string): string {
  return body.replaceAll(/(?:^|\r\n)[0-9A-Fa-f]+\r\n/g, "").replace(/\r\n$/, "");
}

describe.each(FRAMINGS)("an upload $name", (framing) => {
  const last = framing.frame(PIECES.at(-1) ?? "").slice(-20) + framing.end;

  test("that takes longer than the time-out reaches the origin, framed as it came, and is answered", async () => {
    let body = "";
    answer = (exchange) =>
      bodyEndingIn(last, exchange, (received) => {
        body = received;
        exchange.socket.end(OK);
      });
    const { client, reply } = await begin(framing.header);
    await upload(client, framing);
    expect(await reply).toMatch(/^HTTP\/1\.1 200 /);
    expect(contentOf(body)).toBe(PIECES.join(""));
    const { headers } = given(origin.exchanges[0]);
    const [name, value] = framing.header.toLowerCase().split(": ");
    expect(headers.filter(([one]) => one === "content-length" || one === "transfer-encoding")).toEqual([[name, value]]);
  });

  test("whose origin then does not answer is 504", async () => {
    answer = ({ socket }) => socket.resume();
    const { client, reply } = await begin(framing.header);
    client.write(PIECES.map(framing.frame).join("") + framing.end);
    expect(await reply).toMatch(/^HTTP\/1\.1 504 /);
  });

  test("that is answered while it goes on is read to its end", async () => {
    let body = "";
    answer = (exchange) => {
      exchange.socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n");
      bodyEndingIn(last, exchange, (received) => {
        body = received;
        exchange.socket.end("4\r\nlate\r\n0\r\n\r\n");
      });
    };
    const { client, reply } = await begin(framing.header);
    await upload(client, framing);
    expect(await reply).toMatch(/early[^]*late/);
    expect(contentOf(body)).toBe(PIECES.join(""));
  });
});

test("a small upload of a known length has the origin's time from its beginning: it needs no longer", async () => {
  answer = ({ socket }) => socket.resume();
  const { client, reply } = await begin("Content-Length: 65536");
  client.write("the rest never comes");
  expect(await reply).toMatch(/^HTTP\/1\.1 504 /);
});

test("an origin that does not answer a request without a body is 504", async () => {
  answer = ({ socket }) => socket.resume();
  const { reply } = await begin("Content-Length: 0");
  expect(await reply).toMatch(/^HTTP\/1\.1 504 /);
});

test("a length that no body can have is no fault of the gateway's: what there is goes to the origin", async () => {
  answer = ({ socket }) => void socket.end(OK);
  const lines = ["POST /api/x HTTP/1.1", "Host: api.example.com", `Authorization: Bearer ${await gateway.token()}`];
  const { status } = await sendRaw(
    gateway.port,
    [...lines, "Content-Length: 9007199254740993", "Connection: close", "", "body"].join("\r\n"),
  );
  expect(status).toBe(200);
});
