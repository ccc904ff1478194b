/**
 * HTTP without a client or server library in between: an origin that records the octets it receives, and a client that
 * sends exactly the octets it is given. What libraries normalise, these do not.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** One request as it arrived, and the means to answer it. */
export interface RawExchange {
  /** Request line and headers, Latin-1, without the empty line. */
  readonly head: string;
  readonly requestLine: string;
  /** Header lines in the order they came, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly socket: Socket;
}

export interface RawOrigin {
  readonly url: string;
  readonly exchanges: RawExchange[];
  close(): Promise<void>;
}

/** @param answer called once the head of a request is complete; the body may still be on its way */
export async function startRawOrigin(answer: (exchange: RawExchange) => void): Promise<RawOrigin> {
  const exchanges: RawExchange[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let received = "";
    const read = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", read);
      if (received.length > end + 4) socket.unshift(Buffer.from(received.slice(end + 4), "latin1"));
      const exchange = parseHead(received.slice(0, end), socket);
      exchanges.push(exchange);
      answer(exchange);
    };
    socket.on("data", read);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The answer to a handshake (RFC 6455 section 4.2.2). */
export async function acceptWebSocket({ socket, headers }: RawExchange): Promise<void> {
  const key = headers.find(([name]) => name === "sec-websocket-key")?.[1] ?? "";
  const text = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const accept = Buffer.from(await crypto.subtle.digest("SHA-1", text)).toString("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
}

export interface RawReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends octets and collects everything until the other side closes; the request should say `Connection: close`. */
export function sendRaw(port: number, request: string): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(request, "latin1")));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const end = received.indexOf("\r\n\r\n");
      const head = received.slice(0, end);
      resolve({ status: Number(head.split(" ")[1]), head, body: received.slice(end + 4) });
    });
  });
}

function parseHead(head: string, socket: Socket): RawExchange {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { head, requestLine, headers, socket };
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== "object" || address === null) throw new TypeError("the origin is not listening on a port");
  return address.port;
}
