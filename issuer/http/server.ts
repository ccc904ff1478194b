/**
 * A fetch handler on a port of this machine, by `@hono/node-server`. What is ours: a time limit for requests, an answer
 * without a word for a handler that throws, and an end that waits for the requests under way.
 */
import { once } from "node:events";
import { createAdaptorServer } from "@hono/node-server";

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

/** @throws Error of node:http when the port is taken, or when the host is not an address of this machine */
export async function startHttpServer({ handler, host, port }: HttpServerOptions): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: (request) => answer(handler, request),
    // Request and Response stay the platform's own for everything else in the process.
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS },
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
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
}

async function answer(handler: FetchHandler, request: Request): Promise<Response> {
  try {
    return await handler(request);
  } catch {
    return new Response(undefined, { status: 500 });
  }
}
