/**
 * An HTTP proxy between a process and what it changes, which can withhold the answer to one change that was carried out: the
 * moment at which a process that is killed has done something and does not know it.
 */
import { createServer, request as startRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HoldingProxy {
  /** The proxy's address for the target. */
  readonly url: string;
  close(): Promise<void>;
}

/** Counts changes over several proxies, and says which answer is withheld. */
export interface Holder {
  /** The answer to the n-th change from now on is withheld, from 1. @returns what it was, once it was carried out */
  holdAt(n: number): Promise<string>;
  /** Everything passes again. */
  release(): void;
  /** @returns true when the answer to this change is to be withheld */
  isHeld(change: string): boolean;
}

export function createHolder(): Holder {
  let left = Infinity;
  let onHeld: (change: string) => void = () => undefined;
  return {
    holdAt(n) {
      left = n;
      return new Promise((resolve) => {
        onHeld = resolve;
      });
    },
    release() {
      left = Infinity;
    },
    isHeld(change) {
      left -= 1;
      if (left === 0) onHeld(change);
      // A process that goes on regardless gets no further answer either.
      return left <= 0;
    },
  };
}

/** @param changeOf what a request changes, or undefined for one that changes nothing */
export async function startHoldingProxy(
  target: string,
  holder: Holder,
  changeOf: (request: IncomingMessage) => string | undefined,
): Promise<HoldingProxy> {
  const { hostname, port, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host: `${hostname}:${port}` };
    const { method, url } = incoming;
    const forwarded = startRequest({ hostname, port, method, path: url, headers }, (answer) => {
      const change = changeOf(incoming);
      // Read to its end, so that it was carried out for certain.
      if (change !== undefined && holder.isHeld(change)) answer.resume();
      else pass(answer, outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}${pathname === "/" ? "" : pathname}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function pass(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(outgoing);
}
