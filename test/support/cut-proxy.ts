/** An HTTP proxy that can be cut: the network between a process and a service, for outages in the middle of a test. */
import { createServer, request as startRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { given } from "./values.ts";

export interface CutProxy {
  /** The proxy's address for the target. */
  readonly url: string;
  /** Cut: every connection is dropped without an answer. */
  isCut: boolean;
  close(): Promise<void>;
}

export async function startCutProxy(target: string): Promise<CutProxy> {
  const { hostname, port, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (proxy.isCut) return void incoming.socket.destroy();
    const headers = { ...incoming.headers, host: `${hostname}:${port}` };
    const { method, url } = incoming;
    const forwarded = startRequest({ hostname, port, method, path: url, headers }, (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const ownPort = given(typeof address === "object" ? address?.port : undefined);
  const proxy: CutProxy = {
    url: `http://127.0.0.1:${ownPort}${pathname === "/" ? "" : pathname}`,
    isCut: false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
