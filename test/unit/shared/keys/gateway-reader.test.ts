/** Reading a document over HTTP in Node: what is asked, what is taken, and what a hostile or broken server can do. */
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { fromUrl } from "../../../../shared/key-sets.ts";
import { createGatewayReader, GATEWAY_READ_DEADLINE_MS } from "../../../../shared/keys/gateway-reader.ts";
import type { GatewayRequest } from "../../../../shared/keys/gateway-reader.ts";
import type { KeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import { MAX_KEY_SET_BYTES } from "../../../../shared/signed-key-set.ts";
import { describeKeySetReaderContract } from "../../../support/key-set-reader-contract.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../support/key-set-server.ts";
import { ringName } from "../../../support/key-sets.ts";

const DOCUMENT = "aGVhZGVy.cGF5bG9hZA.c2ln";

let server: KeySetServer;
let reader: KeySetReader;
beforeAll(async () => {
  server = await startKeySetServer();
});
beforeEach(() => {
  reader = fromUrl(server.url).readerOf(ringName("main"));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
afterAll(() => server.close());

describeKeySetReaderContract("a gateway over HTTP", {
  async holding(_ring, text) {
    server.serve(text);
    return fromUrl(server.url);
  },
  async empty() {
    server.answer((response) => response.writeHead(404).end());
    return fromUrl(server.url);
  },
});

describe("what is asked", () => {
  test("is the ring's own path, past every cache on the way", async () => {
    server.serve(DOCUMENT);
    await fromUrl(`${server.url}/`).readerOf(ringName("west")).read(60);
    expect(server.requests.at(-1)).toMatchObject({
      path: "/.well-known/sealgate/key-set/west",
      headers: { "cache-control": "no-cache" },
    });
    expect(server.requests.at(-1)?.headers).not.toHaveProperty("if-none-match");
  });

  test("is, with a text that is held, whether there is another; what is not modified is that text", async () => {
    server.answer((response) => response.writeHead(304, { age: "12" }).end());
    expect(await reader.read(60, DOCUMENT)).toEqual({ text: DOCUMENT, ageSeconds: 12 });
    expect(server.requests.at(-1)?.headers["if-none-match"]).toBe('"c2ln"');
  });

  test("is, in a browser, left to its cache: no header that would cost a preflight", async () => {
    vi.stubGlobal("location", { href: "https://app.example.com/" });
    const asked: GatewayRequest[] = [];
    const browser = createGatewayReader("https://api.example.com", ringName("main"), async (_url, request) => {
      asked.push(request);
      return new Response(DOCUMENT, { headers: { age: "3" } });
    });
    expect(await browser.read(60, DOCUMENT)).toEqual({ text: DOCUMENT, ageSeconds: 3 });
    expect(asked).toMatchObject([{ headers: {}, cache: "no-cache", redirect: "manual" }]);
  });
});

describe("the age", () => {
  test.each([["31"], ["0"], ["86400"]])("%s is seconds", async (age) => {
    server.serve(DOCUMENT, { age });
    expect((await reader.read(60))?.ageSeconds).toBe(Number(age));
  });

  test.each([[undefined], ["-1"], ["1.5"], ["soon"], ["5, 7"], ["99999999999"]])("%s is not known", async (age) => {
    server.serve(DOCUMENT, age === undefined ? {} : { age });
    expect((await reader.read(60))?.ageSeconds).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("an answer that is no document is a failed read", () => {
  test.each([201, 204, 401, 403, 429, 500, 503])("status %i", async (status) => {
    server.answer((response) => response.writeHead(status, { age: "0" }).end(status === 204 ? undefined : DOCUMENT));
    await expect(reader.read(60)).rejects.toThrow(`the gateway answered ${status}`);
  });

  test("304 although nothing is held", async () => {
    server.answer((response) => response.writeHead(304, { age: "0" }).end());
    await expect(reader.read(60)).rejects.toThrow("the gateway answered 304");
  });

  test.each([301, 302, 307, 308])("a redirect (%i) is not followed", async (status) => {
    server.answer((response) => response.writeHead(status, { location: `${server.url}/elsewhere`, age: "0" }).end());
    const before = server.requests.length;
    await expect(reader.read(60)).rejects.toThrow(`the gateway answered ${status}`);
    expect(server.requests).toHaveLength(before + 1);
  });

  test("a connection that breaks in the middle", async () => {
    server.answer((response) => {
      response.writeHead(200, { "content-length": "1000", age: "0" });
      response.write("a", () => response.destroy());
    });
    await expect(reader.read(60)).rejects.toThrow("terminated");
  });

  test("no server", async () => {
    const gone = await startKeySetServer();
    await gone.close();
    await expect(fromUrl(gone.url).readerOf(ringName("main")).read(60)).rejects.toThrow("fetch failed");
  });
});

describe("a server that is hostile", () => {
  test("and sends 3 MiB is read up to one octet past the limit, and hung up on", async () => {
    const closed = Promise.withResolvers<unknown>();
    server.answer((response) => {
      closed.resolve(once(response, "close"));
      response.writeHead(200, { age: "0" });
      const more = (): void => {
        while (!response.destroyed && response.write("a".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect((await reader.read(60))?.text).toHaveLength(MAX_KEY_SET_BYTES + 1);
    await closed.promise;
  });

  test("and sends an octet now and then is given up when the whole read has taken too long", async () => {
    const dripping = Promise.withResolvers<unknown>();
    server.answer((response) => {
      response.writeHead(200, { age: "0" });
      response.write("a", () => dripping.resolve(once(response, "close")));
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const ended = messageOf(reader.read(60));
    const closing = dripping.promise;
    await vi.waitFor(() => expect(server.requests.at(-1)?.path).toBe("/.well-known/sealgate/key-set/main"));
    await vi.advanceTimersByTimeAsync(GATEWAY_READ_DEADLINE_MS);
    expect(await ended).toMatch(/in time|abort/);
    await closing;
  });

  test("and does not answer at all is given up, also by a fetch that does not know of signals", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const deaf = createGatewayReader("https://api.example.com", ringName("main"), () => new Promise(() => {}));
    const ended = messageOf(deaf.read(60));
    await vi.advanceTimersByTimeAsync(GATEWAY_READ_DEADLINE_MS);
    expect(await ended).toContain("in time");
  });
});

describe("fromUrl", () => {
  test.each([
    ["http://api.example.com", "https"],
    ["ftp://localhost", "https"],
    ["api.example.com", "absolute URL"],
    ["https://api.example.com/v1", "no path"],
    ["https://api.example.com/?ring=main", "query"],
    ["https://user:secret@api.example.com", "credentials"],
    ["", "absolute URL"],
  ])("refuses %j", (gateway, rule) => {
    expect(() => fromUrl(gateway)).toThrow(TypeError);
    expect(() => fromUrl(gateway)).toThrow(rule);
  });

  test.each(["https://api.example.com", "https://api.example.com:8443/", "http://localhost:8787", "http://[::1]:1"])(
    "takes %s",
    (gateway) => {
      expect(() => fromUrl(gateway)).not.toThrow();
    },
  );

  test("refuses what is no URL, an unknown option, and a fetch that is none", () => {
    for (const nothing of [undefined, null, {}]) {
      expect(() => fromUrl(nothing as string)).toThrow(TypeError);
    }
    const url = "https://api.example.com";
    expect(() => fromUrl(url, { timeout: 1 } as object)).toThrow("timeout");
    expect(() => fromUrl(url, { fetch: "fetch" } as unknown as object)).toThrow("fetch must be a function");
  });
});

/** What a read fails with; undefined for one that does not. */
async function messageOf(read: Promise<unknown>): Promise<string | undefined> {
  try {
    await read;
    return undefined;
  } catch (error) {
    return String(error);
  }
}
