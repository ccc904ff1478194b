/**
 * The origin of a soak run: answers 200 and counts, or fails in the way it was told to. What reaches it is the proof that a
 * token was accepted, whatever the client is told afterwards.
 */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";

/** `slow` answers late, `refusing` cuts the connection, `failing` answers 503. */
export type OriginMood = "well" | "slow" | "refusing" | "failing";

export interface SoakOrigin {
  readonly url: string;
  mood: OriginMood;
  /** Requests that carried a token which must not pass. */
  readonly badRequests: number;
  readonly requests: number;
  close(): Promise<void>;
}

/** Says what kind of token a request carries; the gateway passes it on like any header. */
export const KIND_HEADER = "x-soak-token";

export async function startSoakOrigin(slowMs: number): Promise<SoakOrigin> {
  let requests = 0;
  let badRequests = 0;
  const timers = new Set<NodeJS.Timeout>();
  const later = (answer: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      answer();
    }, slowMs);
    timers.add(timer);
  };
  const server = createServer((request, response) => {
    requests += 1;
    if (String(request.headers[KIND_HEADER]).startsWith("bad")) badRequests += 1;
    if (origin.mood === "refusing") request.socket.destroy();
    else if (origin.mood === "slow") later(() => end(response, 200));
    else end(response, origin.mood === "failing" ? 503 : 200);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the origin has no port");
  const origin: SoakOrigin = {
    url: `http://127.0.0.1:${String(address.port)}`,
    mood: "well",
    get badRequests() {
      return badRequests;
    },
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return origin;
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/plain", "x-soak-origin": "1" }).end("origin");
}
