/**
 * WebSockets that end with the token they were opened with. The handshake has been verified like any request before this
 * is asked; here both connections are joined, message by message, until one side closes or the token expires. A socket
 * that needs no token is left to the platform, which joins the two without running any code of ours.
 */

/**
 * Watches the token of an open connection.
 * @param end ends it; the reason is for people
 * @returns stops watching
 */
export type TokenWatch = (end: (reason: string) => void) => () => void;

/**
 * @param expiresAtMs epoch milliseconds: `exp` of the token, without the leeway for clocks
 * @param nowMs epoch milliseconds
 */
export function untilExpiry(expiresAtMs: number, nowMs: number): TokenWatch {
  return (end) => {
    // workerd takes any delay: a negative one ends at once, and one beyond 32 bits does not wrap around.
    const timer = setTimeout(() => end("token expired"), expiresAtMs - nowMs);
    return () => clearTimeout(timer);
  };
}

/** "Unauthorized" of the IANA WebSocket close code registry: what 401 is to a request. */
export const TOKEN_ENDED_CLOSE_CODE = 3000;

/** What a peer that went away without a closing handshake is for the other one (RFC 6455 section 7.4.1, "going away"). */
const GONE_CLOSE_CODE = 1001;

/** RFC 6455 section 7.4: the codes that an endpoint may send; 1005, 1006 and 1015 only stand for what was not sent. */
function sendableCode(code: number): number {
  const isReserved = code < 1000 || (code > 1003 && code < 1007) || (code > 1014 && code < 3000);
  return isReserved || code > 4999 ? GONE_CLOSE_CODE : code;
}

/** @param response the origin's; anything but an accepted WebSocket comes back as it is. Its headers are changed */
export function closeWithToken(response: Response, watch: TokenWatch): Response {
  const toOrigin = response.webSocket;
  if (toOrigin === null || toOrigin === undefined) return response;
  const { 0: toClient, 1: ours } = new WebSocketPair();
  for (const socket of [toOrigin, ours]) {
    // A Blob, the default since a compatibility date of 2026, can be read but not sent.
    socket.binaryType = "arraybuffer";
    socket.accept();
  }
  const stop = watch((reason) => {
    for (const socket of [ours, toOrigin]) close(socket, TOKEN_ENDED_CLOSE_CODE, reason);
  });
  join(ours, toOrigin, stop);
  join(toOrigin, ours, stop);
  const { headers } = response;
  // Agreed on between the gateway and the origin; the client's connection has extensions of its own.
  headers.delete("sec-websocket-extensions");
  return new Response(null, { status: 101, headers, webSocket: toClient });
}

/** Passes on what comes from one side, and its end. */
function join(from: WebSocket, to: WebSocket, stop: () => void): void {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // The other side is closing; what it would have read is lost, as it is on any connection.
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    stop();
    // workerd answers by itself under recent compatibility dates only; another project's Worker may have an earlier one.
    close(from, sendableCode(code), reason);
    close(to, sendableCode(code), reason);
  });
  from.addEventListener("error", () => {
    stop();
    close(to, GONE_CLOSE_CODE, "");
  });
}

/** Closes a socket that may be closed already. */
function close(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // Nothing is left to be closed.
  }
}
