/**
 * A server in a gateway's place, over real HTTP: it answers with what the test says, and records what it was asked. A real
 * gateway stands in tests where no fault is needed.
 */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";

export interface KeySetServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Paths and headers of the requests so far. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** How all following requests are answered. */
  answer(respond: (response: ServerResponse) => void): void;
  /** The same, with a document. */
  serve(text: string, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export async function startKeySetServer(): Promise<KeySetServer> {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let respond = (response: ServerResponse): void => void response.writeHead(404).end();
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", headers: request.headers });
    respond(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    requests,
    answer(next) {
      respond = next;
    },
    serve(text, headers = { age: "0" }) {
      respond = (response) => void response.writeHead(200, headers).end(text);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
