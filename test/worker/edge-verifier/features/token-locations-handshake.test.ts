/** Tokens in a WebSocket handshake: offered as a browser can, and gone before the origin. */
import { describe, expect, test } from "vitest";
import { echoOf, makeFixture } from "../fixture.ts";

const ALL = { TOKEN_CARRIERS: "authorization, cookie, websocket", TOKEN_COOKIE: "__Host-token" };

describe("a WebSocket handshake", () => {
  interface Handshake {
    readonly status: number;
    readonly selected: string | null;
    readonly offered: string | null;
  }

  const handshake = async (
    protocols: (good: string) => string,
    {
      selects = "",
      path = "/api/live",
      vars = {},
    }: { selects?: string; path?: string; vars?: Record<string, string> } = {},
  ): Promise<Handshake> => {
    let offered: string | null = null;
    const ORIGIN = {
      fetch: async (request: Request): Promise<Response> => {
        offered = request.headers.get("sec-websocket-protocol");
        const { 0: theirs, 1: ours } = new WebSocketPair();
        ours.accept();
        const headers = selects === "" ? {} : { "sec-websocket-protocol": selects };
        return new Response(null, { status: 101, webSocket: theirs, headers });
      },
    };
    const fixture = await makeFixture({ vars: { ...ALL, FORWARD_AUTHORIZATION: "remove", ORIGIN, ...vars } });
    const headers = { upgrade: "websocket", "sec-websocket-protocol": protocols(await fixture.token()) };
    const response = await fixture.send(path, { headers });
    response.webSocket?.accept();
    response.webSocket?.close();
    return { status: response.status, selected: response.headers.get("sec-websocket-protocol"), offered };
  };

  test("carries a token, which the origin does not see; the marker is selected, or a browser would end it", async () => {
    expect(await handshake((good) => `bearer, ${good}`)).toEqual({ status: 101, selected: "bearer", offered: null });
  });

  test("leaves the other subprotocols to the origin", async () => {
    const selects = "graphql-ws";
    expect(await handshake((good) => `graphql-ws, bearer, ${good}, mqtt`, { selects })).toEqual({
      status: 101,
      selected: "graphql-ws",
      offered: "graphql-ws, mqtt",
    });
  });

  test("is not answered with a marker that it has not offered", async () => {
    const answered = await handshake(() => "chat", { path: "/public/live" });
    expect(answered).toEqual({ status: 101, selected: null, offered: "chat" });
  });

  test("may use another marker", async () => {
    const vars = { TOKEN_WEBSOCKET_PROTOCOL: "sealgate.token" };
    expect(await handshake((good) => `sealgate.token,${good}`, { vars })).toMatchObject({ selected: "sealgate.token" });
    expect(await handshake((good) => `bearer, ${good}`, { vars })).toMatchObject({ status: 401 });
  });

  test("is passed on as it is when the origin is to see the token", async () => {
    const vars = { FORWARD_AUTHORIZATION: "keep" };
    const { status, offered } = await handshake((good) => `bearer, ${good}`, { vars, selects: "bearer" });
    expect(status).toBe(101);
    expect(offered).toMatch(/^bearer, ey/);
  });

  test.each([
    ["no token after the marker", () => "bearer", 400],
    ["a bad token", () => "bearer, abc", 401],
    ["no marker", (good: string) => good, 401],
  ])("with %s is refused before the origin is asked", async (_name, protocols, status) => {
    expect(await handshake(protocols)).toEqual({ status, selected: null, offered: null });
  });

  test("is the only request whose subprotocols are looked at", async () => {
    const fixture = await makeFixture({ vars: { ...ALL, FORWARD_AUTHORIZATION: "remove" } });
    const headers = { "sec-websocket-protocol": `bearer, ${await fixture.token()}` };
    expect((await fixture.send("/api/x", { headers })).status).toBe(401);
    expect(
      (await echoOf(await fixture.send("/public/x", { headers }))).headers["sec-websocket-protocol"],
    ).toBeUndefined();
  });
});
