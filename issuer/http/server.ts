/** A fetch handler behind node:http. Of a body, no more is kept than the app would refuse as too long; nothing is streamed. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

/** As Hono has it. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

export interface HttpServerOptions {
  readonly handler: FetchHandler;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface HttpServer {
  readonly url: string;
  /** Takes no new connection, and waits for the requests that are under way. */
  close(): Promise<void>;
}

/** A client has this long to send its request. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Just above what the app accepts: it is the app that says no. */
const MAX_BODY_BYTES = 65 * 1024;

/** @throws Error of node:http when the port is taken, or when the host is not an address of this machine */
export async function startHttpServer({ handler, host, port }: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (incoming, outgoing) => {
    void answer(handler, incoming, outgoing);
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(handler: FetchHandler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  // The request cannot be read (its target is no path, for example), or the client has gone.
  const request = await toRequest(incoming).catch(() => undefined);
  if (request === undefined) return end(outgoing, 400);
  try {
    const response = await handler(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch {
    end(outgoing, 500);
  }
}

function end(outgoing: ServerResponse, status: number): void {
  if (!outgoing.headersSent) outgoing.writeHead(status);
  outgoing.end();
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/" } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  // The host that the client names means nothing here.
  const target = new URL(url, "http://issuer.invalid");
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(target, { method, headers, ...(hasBody ? { body: await readBody(incoming) } : {}) });
}

/** At most as much as would be refused as too long; the rest is read and thrown away. */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    if (bytes < MAX_BODY_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
