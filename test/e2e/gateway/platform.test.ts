/** A built Worker with every feature and the platform's own rate limiting, Analytics Engine and version bindings, and real browsers' ways. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

/** Answers with what has reached it, or accepts a socket without choosing a subprotocol. */
const ORIGIN = `
  export default {
    fetch(request) {
      if (request.headers.get("upgrade") !== "websocket") return Response.json(Object.fromEntries(request.headers));
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.send(JSON.stringify(Object.fromEntries(request.headers)));
      return new Response(null, { status: 101, webSocket: client });
    },
  };
`;

let gateway: SocketGateway;
beforeAll(async () => {
  gateway = await startSocketGateway({
    origin: { script: ORIGIN },
    complete: true,
    vars: {
      TOKEN_CARRIERS: "authorization,cookie,websocket",
      TOKEN_COOKIE: "__Host-token",
      FORWARD_AUTHORIZATION: "remove",
      LOG_SUBJECT_HASH_KEY: "k".repeat(32),
      SERVER_TIMING: "true",
    },
    platform: {
      ratelimits: {
        REFUSALS: { namespace_id: "1001", simple: { limit: 3, period: 60 } },
        CALLERS: { namespace_id: "1002", simple: { limit: 5, period: 60 } },
      },
      analyticsEngineDatasets: { EVENTS: { dataset: "sealgate" } },
      versionMetadata: "VERSION",
    },
  });
});
afterAll(() => gateway.close());

const get = (path: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers });

describe("with the platform's bindings", () => {
  test("a good request passes, with its id and its durations", async () => {
    const headers = { cookie: `a=1; __Host-token=${await gateway.token()}; b=2`, "x-request-id": "r-1" };
    const response = await get("/api/x", headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    expect(response.headers.get("server-timing")).toMatch(/^keys;dur=\d+, origin;dur=\d+$/);
    expect(response.headers.get("cache-control")).toBe("private");
    expect(await response.json()).toMatchObject({ cookie: "a=1; b=2", "x-sealgate-subject": "user-1" });
  });

  test("whoever is refused again and again is told to wait, and a good request still passes", async () => {
    const from = { "cf-connecting-ip": "192.0.2.7" };
    const statuses: number[] = [];
    for (let round = 0; round < 5; round += 1) statuses.push((await get("/api/x", from)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const good = await get("/api/x", { ...from, authorization: `Bearer ${await gateway.token()}` });
    expect(good.status).toBe(200);
    expect((await get("/api/x", { "cf-connecting-ip": "192.0.2.8" })).status).toBe(401);
  });
});

test("a caller that asks too often is told to wait, and other callers are not", async () => {
  const authorization = `Bearer ${await gateway.token({ sub: "busy" })}`;
  const answers: Response[] = [];
  for (let round = 0; round < 7; round += 1) answers.push(await get("/api/x", { authorization }));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect(answers.at(-1)?.headers.get("retry-after")).toBe("60");
  expect(await answers.at(-1)?.json()).toMatchObject({ code: "too_many_requests" });
  const other = await get("/api/x", { authorization: `Bearer ${await gateway.token({ sub: "quiet" })}` });
  expect(other.status).toBe(200);
});

describe("a WebSocket that carries its token as a browser can", () => {
  const open = (protocols: string[]): Promise<{ readonly protocol: string; readonly seen: object }> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/api/live`, protocols);
      socket.addEventListener("error", () => reject(new Error("the handshake was refused")));
      socket.addEventListener("message", ({ data }) => {
        const seen: object = JSON.parse(String(data));
        resolve({ protocol: socket.protocol, seen });
        socket.close();
      });
    });

  test("is opened with the marker selected, and the origin sees no token", async () => {
    const { protocol, seen } = await open(["bearer", await gateway.token()]);
    expect(protocol).toBe("bearer");
    expect(seen).toMatchObject({ "x-sealgate-subject": "user-1" });
    expect(seen).not.toHaveProperty("sec-websocket-protocol");
  });

  test("is refused with a token that is none", async () => {
    await expect(open(["bearer", "not-a-token"])).rejects.toThrow("refused");
  });
});
