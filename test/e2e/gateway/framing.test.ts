/**
 * One request is one request: messages whose end, or whose headers, two parsers could see at different places. What the
 * origin receives is recorded to the last octet, not only what it takes for a request.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sendRaw, startRawOrigin } from "../../support/raw-http.ts";
import type { RawOrigin, RawReply } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

let origin: RawOrigin;
let gateway: SocketGateway;
let bearer: string;
let answer: string;
/** Everything that has reached the origin. */
let received = "";

const answerOf = (status: number): string =>
  `HTTP/1.1 ${String(status)} Odd\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`;

beforeAll(async () => {
  origin = await startRawOrigin(({ socket, head }) => {
    received += `${head}\r\n\r\n`;
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.end(answer);
  });
  gateway = await startSocketGateway({ origin: { url: origin.url } });
  bearer = `Authorization: Bearer ${await gateway.token()}`;
  answer = answerOf(200);
});
afterAll(async () => {
  await gateway.close();
  await origin.close();
});
afterEach(() => {
  answer = answerOf(200);
  received = "";
});

function send(line: string, headers: readonly string[], body = ""): Promise<RawReply> {
  const lines = [line, "Host: api.example.com", bearer, ...headers, "Connection: close", "", body];
  return sendRaw(gateway.port, lines.join("\r\n"));
}

/** Without a token: whoever lets it through has taken it for part of something else. */
const SMUGGLED = "GET /api/smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n";
const LENGTH = `Content-Length: ${String(SMUGGLED.length)}`;
const CHUNKED = "Transfer-Encoding: chunked";
const CHUNK_END = `0\r\n\r\n${SMUGGLED}`;

describe("a second request inside of one", () => {
  test.each([
    ["a length and chunks", 200, ["Content-Length: 4", CHUNKED], CHUNK_END],
    ["chunks and a length", 200, [CHUNKED, `Content-Length: ${String(CHUNK_END.length)}`], CHUNK_END],
    ["two lengths", 400, ["Content-Length: 0", LENGTH], SMUGGLED],
    ["a list of lengths", 400, [`Content-Length: 0, ${String(SMUGGLED.length)}`], SMUGGLED],
    ["a length with a sign", 400, [`Content-Length: +${String(SMUGGLED.length)}`], SMUGGLED],
    ["a length in hexadecimal", 400, ["Content-Length: 0x2f"], SMUGGLED],
    ["an unknown coding", 400, ["Transfer-Encoding: xchunked", "Content-Length: 0"], SMUGGLED],
    ["two codings", 400, [CHUNKED, "Transfer-Encoding: identity"], CHUNK_END],
    ["a list of codings", 400, ["Transfer-Encoding: chunked, identity"], CHUNK_END],
    ["a space before the colon", 400, ["Transfer-Encoding : chunked", "Content-Length: 5"], CHUNK_END],
    ["a tab before the coding", 200, ["Transfer-Encoding:\tchunked", "Content-Length: 0"], CHUNK_END],
    ["chunks with trailers", 200, [CHUNKED], `5;a=b\r\nhello\r\n0\r\nX-Smuggled: smuggled\r\n\r\n${SMUGGLED}`],
    ["chunks without carriage returns", 200, [CHUNKED], `5\nhello\n0\n\n${SMUGGLED}`],
    ["nothing before it", 200, ["Content-Length: 0"], SMUGGLED],
  ])("with %s: %i, and never at the origin", async (_, expected, headers, body) => {
    const { status } = await send("POST /api/x HTTP/1.1", headers, body);
    expect(status).toBe(expected);
    expect(received).not.toContain("smuggled");
    expect(origin.exchanges.length).toBeLessThanOrEqual(1);
    origin.exchanges.length = 0;
  });

  test.each(["GET", "HEAD"])("as the body of a %s, which has no meaning there: 400", async (method) => {
    const { status, body } = await send(`${method} /api/x HTTP/1.1`, [LENGTH], SMUGGLED);
    expect(status).toBe(400);
    expect(method === "HEAD" || body.includes("body_not_allowed")).toBe(true);
    expect(received).toBe("");
  });

  test("an empty body of a GET is none", async () => {
    expect((await send("GET /api/x HTTP/1.1", ["Content-Length: 0"])).status).toBe(200);
  });
});

describe("a header that is only one for some", () => {
  const IDENTITY = "X-Sealgate-Subject: smuggled";

  test.each([
    ["on a line that goes on", 400, ["X-A: b", ` ${IDENTITY}`]],
    ["after a space", 400, [` ${IDENTITY}`]],
    ["with a space before its colon", 400, ["X-Sealgate-Subject : smuggled"]],
    ["after a carriage return", 400, [`X-A: b\r${IDENTITY}`]],
    ["after a line feed", 200, [`X-A: b\n${IDENTITY}`]],
    ["behind NUL", 400, [`X-A: b\0${IDENTITY}`]],
    ["as a second host", 400, ["Host: smuggled.example"]],
  ])("%s: %i, and never at the origin", async (_, expected, headers) => {
    const { status } = await send("GET /api/x HTTP/1.1", headers);
    expect(status).toBe(expected);
    expect(received).not.toContain("smuggled");
  });

  test.each(["GET /api/x", "GET /api/x HTTP/1.1 x", "GET  /api/x HTTP/1.1", "GET\t/api/x\tHTTP/1.1"])(
    "a request line that is none is 400: %j",
    async (line) => {
      expect((await send(line, [])).status).toBe(400);
      expect(received).toBe("");
    },
  );
});

test.each([101, 103, 199, 600, 999])("an answer with the status %i is none: 502", async (status) => {
  answer = answerOf(status);
  const reply = await send("GET /api/x HTTP/1.1", []);
  expect(reply.status).toBe(502);
  expect(reply.body).toContain("origin_unreachable");
});

describe("what the platform changes, as docs/gateway.md says", () => {
  test("quotation marks in a query are escaped, and nothing else in it", async () => {
    expect((await send("GET /api/x?a='b'&e=%2e%2F..; HTTP/1.1", [])).status).toBe(200);
    expect(received).toContain("GET /api/x?a=%27b%27&e=%2e%2F..; HTTP/1.1");
  });

  test("trailers of an answer are dropped, and its body is not", async () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n";
    answer = `${head}2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n`;
    const { status, body, head: seen } = await send("GET /api/x HTTP/1.1", []);
    expect(status).toBe(200);
    expect(body).toContain("ok");
    expect(body + seen).not.toMatch(/x-sum/i);
  });
});
