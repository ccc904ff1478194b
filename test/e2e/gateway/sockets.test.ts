/**
 * The uploaded Worker between real sockets: what a client can put on the wire, and what then reaches the origin. The Worker
 * listens itself, without Miniflare's front door, which would normalise some attacks before the Worker sees them.
 */
import { connect } from "node:net";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { makeDocument, makeKey, makeRoot, signKeySet, signToken, TEST_ISSUER } from "../../support/key-sets.ts";
import { acceptWebSocket, sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawExchange, RawOrigin, RawReply } from "../../support/raw-http.ts";
import { given } from "../../support/values.ts";
import { buildWorkerBundle } from "../../support/worker-bundle.ts";

const AUDIENCE = "https://api.example.com";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

let miniflare: Miniflare;
let port: number;
let token: string;
let origin: RawOrigin;
let answer: (exchange: RawExchange) => void;

beforeAll(async () => {
  origin = await startRawOrigin((exchange) => answer(exchange));
  const [bundle, root, key] = await Promise.all([buildWorkerBundle(), makeRoot(), makeKey("ES256")]);
  const now = epochSecondsFromMs(Date.now());
  token = await signToken({ iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat: now, exp: now + 3000 }, key);
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "gateway",
      unsafeDirectSockets: [{}],
      modules: true,
      script: bundle.code,
      compatibilityDate: "2026-11-01",
      compatibilityFlags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
      kvNamespaces: ["KEY_SETS"],
      bindings: {
        ISSUER: TEST_ISSUER,
        AUDIENCE,
        TRUST_ANCHORS: JSON.stringify([root.jwk]),
        ORIGIN_URL: origin.url,
        ORIGIN_TIMEOUT_SECONDS: "2",
        // KV is empty here: the last rung of the key ladder holds.
        BOOTSTRAP_KEY_SET: await signKeySet(makeDocument([key], now), root),
      },
    }),
  );
  port = Number((await miniflare.unsafeGetDirectURL("gateway")).port);
});
afterAll(async () => {
  await miniflare.dispose();
  await origin.close();
});
beforeEach(() => {
  answer = ({ socket }) => socket.end(OK);
});
afterEach(() => {
  origin.exchanges.length = 0;
});

function send(line: string, headers: readonly string[] = [], body = ""): Promise<RawReply> {
  const lines = [`${line} HTTP/1.1`, "Host: api.example.com", "Connection: close", ...headers, "", body];
  return sendRaw(port, lines.join("\r\n"));
}
const bearer = (): string => `Authorization: Bearer ${token}`;
const streamRequest = (): string =>
  ["GET /api/x HTTP/1.1", "Host: api.example.com", "Connection: close", bearer(), "", ""].join("\r\n");
const valuesAtOrigin = (name: string): readonly string[] =>
  given(origin.exchanges[0])
    .headers.filter(([one]) => one === name)
    .map(([, value]) => value);

describe("a path on the wire", () => {
  test.each([
    "/public/../api/admin",
    "/public/%2e%2e/api/admin",
    "/public\\..\\api\\admin",
    "/public/%5c..%5capi%5cadmin",
    "/public/..%2fapi%2fadmin",
    "/public/%252e%252e/api/admin",
    "/public//../api/admin",
    "//public/../api/admin",
    "/public/..;/api/admin",
    "/public/%c0%ae%c0%ae/api/admin",
    "/./api/x",
    "/api/x/..",
    "/API/ADMIN",
    "/api/\u00c3\u00a9",
  ])("%s is refused and never reaches the origin", async (path) => {
    const { status, body } = await send(`GET ${path}`, [bearer()]);
    expect(status).toBe(400);
    expect(body).toContain("path_ambiguous");
    expect(origin.exchanges).toEqual([]);
  });

  test("in absolute form is the path that is in it, on this gateway", async () => {
    expect((await send("GET http://other.example/api/x")).status).toBe(401);
    await send("GET http://other.example/api/x", [bearer()]);
    expect(given(origin.exchanges[0]).requestLine).toBe("GET /api/x HTTP/1.1");
    expect(valuesAtOrigin("x-forwarded-host")).toEqual(["api.example.com"]);
  });

  test("in asterisk form is no path", async () => {
    expect((await send("OPTIONS *", [bearer()])).status).toBe(400);
    expect(origin.exchanges).toEqual([]);
  });

  test("reaches the origin octet for octet", async () => {
    await send("GET /api/a%20b/(1)*!$&'+,:=@~/%C3%A9?q=%2e%2e/&x=a+b", [bearer()]);
    expect(given(origin.exchanges[0]).requestLine).toBe(
      "GET /api/a%20b/(1)*!$&'+,:=@~/%C3%A9?q=%2e%2e/&x=a+b HTTP/1.1",
    );
  });
});

describe("a method", () => {
  test.each(["TRACE", "PROPFIND", "CONNECT", "FOO"])("%s never reaches the origin", async (method) => {
    const { status } = await send(`${method} /api/x`, [bearer()]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(origin.exchanges).toEqual([]);
  });

  test("HEAD keeps the length that the origin gives", async () => {
    answer = ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 42\r\nConnection: close\r\n\r\n");
    const { status, head, body } = await send("HEAD /api/x", [bearer()]);
    expect(status).toBe(200);
    expect(head.toLowerCase()).toContain("content-length: 42");
    expect(body).toBe("");
  });
});

describe("headers", () => {
  test("two Authorization headers are refused", async () => {
    const { status, body } = await send("GET /api/x", [bearer(), bearer()]);
    expect(status).toBe(400);
    expect(body).toContain("invalid_request");
    expect(origin.exchanges).toEqual([]);
  });

  test("nothing that a client sends takes the place of an identity", async () => {
    const spellings = ["X-Sealgate-Subject", "x_sealgate_subject", "X.Sealgate.Subject", "X-Sealgate_Subject"];
    await send("GET /api/x", [bearer(), ...spellings.map((name) => `${name}: admin`)]);
    expect(given(origin.exchanges[0]).head).not.toContain("admin");
    expect(valuesAtOrigin("x-sealgate-subject")).toEqual(["user-1"]);
  });

  test("hop-by-hop headers stop here, those named in Connection too", async () => {
    await sendRaw(
      port,
      [
        "GET /public/x HTTP/1.1",
        "Host: api.example.com",
        "Connection: close, X-Hop",
        "X-Hop: 1",
        "TE: trailers",
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic x",
        "Upgrade: h2c",
        "X-Forwarded-Host: evil.example",
        "",
        "",
      ].join("\r\n"),
    );
    const names = given(origin.exchanges[0]).headers.map(([name]) => name);
    for (const name of ["x-hop", "te", "keep-alive", "proxy-authorization", "upgrade"])
      expect(names).not.toContain(name);
    expect(valuesAtOrigin("x-forwarded-host")).toEqual(["api.example.com"]);
    expect(valuesAtOrigin("host")).toEqual([new URL(origin.url).host]);
  });
});

describe("bodies", () => {
  test("keep their length, or stay chunked", async () => {
    const bodies: string[] = [];
    answer = ({ socket }) => {
      socket.on("data", (chunk) => bodies.push(chunk.toString("latin1")));
      socket.once("data", () => socket.end(OK));
    };
    await send("POST /api/x", [bearer(), "Content-Length: 5"], "hello");
    expect(valuesAtOrigin("content-length")).toEqual(["5"]);
    origin.exchanges.length = 0;
    await send("POST /api/x", [bearer(), "Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n");
    expect(valuesAtOrigin("transfer-encoding")).toEqual(["chunked"]);
    expect(bodies.join("")).toContain("hello");
  });

  test("stream to the client: the first part is there before the origin has sent the second", async () => {
    let sendRest: (() => void) | undefined;
    answer = ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nfirst\r\n");
      sendRest = () => socket.end("6\r\nsecond\r\n0\r\n\r\n");
    };
    const received = await new Promise<string>((resolve, reject) => {
      let text = "";
      const client = connect(port, "127.0.0.1", () => client.write(streamRequest()));
      client.on("error", reject);
      client.on("close", () => resolve(text));
      client.on("data", (chunk) => {
        text += chunk.toString("latin1");
        if (text.endsWith("first\r\n")) given(sendRest)();
      });
    });
    expect(received).toContain("second");
  });
});

describe("an end", () => {
  test("that the client makes while the answer streams is passed on to the origin", async () => {
    const closed = new Promise<void>((resolve) => {
      answer = ({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const writing = setInterval(() => socket.write("5\r\nagain\r\n"), 10);
        socket.on("close", () => {
          clearInterval(writing);
          resolve();
        });
      };
    });
    const client = connect(port, "127.0.0.1", () => client.write(streamRequest()));
    client.once("data", () => client.destroy());
    await closed;
    expect(origin.exchanges).toHaveLength(1);
  });

  test("that the client makes before the origin has answered is passed on when the origin's time is over, at the latest", async () => {
    const closed = new Promise<void>((resolve) => {
      answer = ({ socket }) => {
        socket.on("close", () => resolve());
        client.destroy();
      };
    });
    const client = connect(port, "127.0.0.1", () => client.write(streamRequest()));
    await closed;
    expect(origin.exchanges).toHaveLength(1);
  });

  test("that the gateway makes, 504, is passed on too", async () => {
    let closed: Promise<void> | undefined;
    answer = ({ socket }) => {
      closed = new Promise((resolve) => {
        socket.on("close", () => resolve());
      });
    };
    const { status, body } = await send("GET /api/x", [bearer()]);
    expect(status).toBe(504);
    expect(body).toContain("origin_timeout");
    await given(closed);
  });

  test("that the origin makes before it has answered is 502", async () => {
    answer = ({ socket }) => socket.destroy();
    const { status, body } = await send("GET /api/x", [bearer()]);
    expect(status).toBe(502);
    expect(body).toContain("origin_unreachable");
  });
});

describe("a WebSocket", () => {
  const handshake = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

  /** Resolves with the status line, which is all that is needed, and closes. */
  const upgrade = (headers: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const lines = ["GET /api/live HTTP/1.1", "Host: api.example.com", "Connection: Upgrade", ...headers, "", ""];
      const socket = connect(port, "127.0.0.1", () => socket.write(lines.join("\r\n")));
      socket.on("error", reject);
      socket.once("data", (chunk) => {
        resolve(chunk.toString("latin1").split("\r\n")[0] ?? "");
        socket.destroy();
      });
    });

  test("is verified first, then passed on", async () => {
    expect(await upgrade(handshake)).toContain("401");
    expect(origin.exchanges).toEqual([]);
    answer = (exchange) => void acceptWebSocket(exchange);
    expect(await upgrade([...handshake, bearer()])).toContain("101");
  });
});
