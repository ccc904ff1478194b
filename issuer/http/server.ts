/**
 * A fetch handler on a port of this machine, by `@hono/node-server`. What is ours: a time limit for requests, an answer
 * without a word for a handler that throws, and an end that waits for the requests under way.
 */
import { once } from "node:events";
import { createAdaptorServer } from "@hono/node-server";
import { SealgateError } from "../errors.ts";

/** As Hono has it, and given the request's target as it was sent: a URL has lost segments such as `%2E%2E`. */
export type FetchHandler = (request: Request, target: string) => Response | Promise<Response>;

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

/** A client may send a target with scheme and host as well (RFC 9112 section 3.2.2). */
const AUTHORITY = /^https?:\/\/[^/?#]*/;

/** A client has this long to send its request. */
const REQUEST_TIMEOUT_MS = 10_000;

/** @throws SealgateError `address_unavailable` when the port is taken or not allowed, or the host is not an address of this machine */
export async function startHttpServer({ handler, host, port }: HttpServerOptions): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: (request, { incoming }) => answer(handler, request, (incoming.url ?? "/").replace(AUTHORITY, "")),
    // Request and Response stay the platform's own for everything else in the process.
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS },
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw toListenFault(error, host, port);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
}

/** Node's codes (https://nodejs.org/api/errors.html#common-system-errors), and what to do. */
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there. End it, or choose another port; 0 takes a free one",
  EACCES: "this user may not listen on a port below 1024. Choose a higher one",
  EADDRNOTAVAIL: "no network interface of this machine has this address. Choose one that it has",
  ENOTFOUND: "there is no such host. Choose an address of this machine",
};

function toListenFault(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const advice = LISTEN_ADVICE[code];
  if (advice === undefined) return error;
  return new SealgateError("address_unavailable", `${host} port ${port} cannot be listened on: ${advice}. (${code})`);
}

async function answer(handler: FetchHandler, request: Request, target: string): Promise<Response> {
  try {
    return await handler(request, target);
  } catch {
    return new Response(undefined, { status: 500 });
  }
}
