/** A gateway of a policy between real sockets, for the tests of one file: an origin that answers each request alike, and is forgotten after each. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { startRawOrigin } from "./raw-http.ts";
import type { RawOrigin } from "./raw-http.ts";
import { startSocketGateway } from "./socket-gateway.ts";
import type { SocketGateway } from "./socket-gateway.ts";
import { given } from "./values.ts";

export interface GatewayBehindSockets {
  readonly gateway: SocketGateway;
  readonly origin: RawOrigin;
}

/**
 * Registers the hooks of the calling file.
 * @param status what the origin answers, for example "200 OK"
 * @returns what is there once the hooks have run
 */
export function useGatewayBehindSockets(policy: string, status: string): () => GatewayBehindSockets {
  let running: GatewayBehindSockets | undefined;
  beforeAll(async () => {
    const answer = `HTTP/1.1 ${status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`;
    const origin = await startRawOrigin(({ socket }) => void socket.end(answer));
    running = { origin, gateway: await startSocketGateway({ origin: { url: origin.url }, policy }) };
  });
  afterAll(async () => {
    await running?.gateway.close();
    await running?.origin.close();
  });
  afterEach(() => {
    if (running !== undefined) running.origin.exchanges.length = 0;
  });
  return () => given(running);
}
