/** The HTTP server on a real port: what it hands to the app, what it answers by itself, and how it ends. */
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { readBounded } from "../../../../issuer/bounded-body.ts";
import { startHttpServer } from "../../../../issuer/http/server.ts";
import type { FetchHandler, HttpServer } from "../../../../issuer/http/server.ts";
import { sendRaw } from "../../../support/raw-http.ts";

async function start(handler: FetchHandler, host = "127.0.0.1"): Promise<HttpServer> {
  const server = await startHttpServer({ handler, host, port: 0 });
  onTestFinished(() => server.close());
  return server;
}

describe("the app gets", () => {
  test("method, path, query, headers and body", async () => {
    const seen: unknown[] = [];
    const { url } = await start(async (request) => {
      const { pathname, search } = new URL(request.url);
      seen.push([request.method, pathname + search, request.headers.get("x-name"), await request.text()]);
      return new Response(undefined, { status: 204 });
    });
    await fetch(`${url}/a/b?c=d`, { method: "PUT", body: "é", headers: { "x-name": "value" } });
    await fetch(`${url}/`);
    expect(seen).toEqual([
      ["PUT", "/a/b?c=d", "value", "é"],
      ["GET", "/", null, ""],
    ]);
  });

  // A URL has lost `%2E%2E` by the time it is parsed.
  test.each(["", "http://localhost", "http://localhost:80"])(
    "the target as it was sent, after %j",
    async (authority) => {
      const { url } = await start((request, target) => Response.json([new URL(request.url).pathname, target]));
      const { body } = await sendRaw(
        Number(new URL(url).port),
        `GET ${authority}/a/%2E%2E/b?c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(body).toContain('["/b","/a/%2E%2E/b?c"]');
    },
  );

  test("a long body as it comes: what it does not read is not kept, and the client gets its answer", async () => {
    const { url } = await start(async (request) => {
      const body = await readBounded(request.body, 65_537);
      return new Response(`${body.length}`, { status: 400 });
    });
    for (const length of [65_536, 65_537, 8 * 1024 * 1024]) {
      const response = await fetch(url, { method: "POST", body: new Uint8Array(length) });
      expect([response.status, await response.text()]).toEqual([400, String(Math.min(length, 65_537))]);
    }
  });
});

describe("the client gets", () => {
  test("status, headers and body of the app's answer", async () => {
    const { url } = await start(() => new Response("short", { status: 418, headers: { "x-name": "value" } }));
    const response = await fetch(url);
    expect([response.status, response.headers.get("x-name"), await response.text()]).toEqual([418, "value", "short"]);
  });

  test("a 500 without a word for an app that throws, and the next answer", async () => {
    let isBroken = true;
    const { url } = await start(() => {
      if (isBroken) throw new Error("a secret");
      return new Response("well");
    });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([500, ""]);
    isBroken = false;
    expect(await (await fetch(url)).text()).toBe("well");
  });

  test("a 400 for a request that cannot be read, which the app never sees, and the next answer", async () => {
    let seen = 0;
    const { url } = await start(() => {
      seen += 1;
      return new Response("well");
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.end("GET http://[/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toBe(0);
    expect(await (await fetch(url)).text()).toBe("well");
  });
});

test("closing waits for the request that is under way, and takes no other", async () => {
  const asked = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<Response>();
  const handler = (): Promise<Response> => {
    asked.resolve();
    return letGo.promise;
  };
  const slow = await startHttpServer({ host: "127.0.0.1", port: 0, handler });
  const request = fetch(slow.url);
  await asked.promise;
  const closed = slow.close();
  letGo.resolve(new Response("done", { headers: { connection: "close" } }));
  expect(await (await request).text()).toBe("done");
  await closed;
  await expect(fetch(slow.url)).rejects.toThrow("fetch failed");
});

describe("an address that cannot be listened on has a code, and says what to do:", () => {
  const listen = (host: string, port: number): Promise<HttpServer> =>
    startHttpServer({ handler: () => new Response(), host, port });

  test("a port that is taken", async () => {
    const { url } = await start(() => new Response());
    await expect(listen("127.0.0.1", Number(new URL(url).port))).rejects.toMatchObject({
      code: "address_unavailable",
      message: expect.stringMatching(
        /^127\.0\.0\.1 port \d+ cannot be listened on: another program listens there\. .*\(EADDRINUSE\)$/,
      ) as unknown,
    });
  });

  test("an address of another machine (RFC 5737)", async () => {
    await expect(listen("192.0.2.1", 0)).rejects.toMatchObject({
      code: "address_unavailable",
      message: expect.stringContaining("no network interface of this machine") as unknown,
    });
  });
});
