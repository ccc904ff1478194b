/** One read of a JWK Set: what the network may do, and what comes of it. */
import { expect, test } from "vitest";
import { FOREIGN_READ_DEADLINE_MS, readJwkSet } from "../../../../shared/foreign/fetch-keys.ts";
import type { JwkSetFetch, JwkSetRequest } from "../../../../shared/foreign/fetch-keys.ts";
import { MAX_JWK_SET_BYTES } from "../../../../shared/foreign/jwk-set.ts";
import { createManualTimer } from "../../../support/key-set-readers.ts";

const URL_OF_KEYS = "https://login.acme.example/jwks";

const answering =
  (make: () => Response): JwkSetFetch =>
  () =>
    Promise.resolve(make());

/** A body of so many octets, in chunks, that says how many were taken. */
function bodyOf(octets: number): {
  readonly body: ReadableStream<Uint8Array>;
  readonly taken: () => number;
  readonly isCancelled: () => boolean;
} {
  let taken = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = Math.min(65_536, octets - taken);
      if (size === 0) return controller.close();
      taken += size;
      controller.enqueue(new Uint8Array(size).fill(0x20));
    },
    cancel() {
      cancelled = true;
    },
  });
  return { body, taken: () => taken, isCancelled: () => cancelled };
}

test("the octets of the document, and nothing that a cache could answer", async () => {
  const asked: JwkSetRequest[] = [];
  const read = await readJwkSet(URL_OF_KEYS, (url, request) => {
    expect(url).toBe(URL_OF_KEYS);
    asked.push(request);
    return Promise.resolve(Response.json({ keys: [] }));
  });
  expect(read.ok && new TextDecoder().decode(read.value)).toBe('{"keys":[]}');
  expect(asked).toMatchObject([{ redirect: "manual", cache: "no-store", headers: { Accept: "application/json" } }]);
});

test.each([
  [
    "a redirect to a metadata address",
    () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }),
    "jwk_set_refused",
  ],
  ["a status that is not 200", () => new Response('{"keys":[]}', { status: 404 }), "jwk_set_refused"],
  ["a fault", () => new Response('{"keys":[]}', { status: 503 }), "jwk_set_refused"],
  ["no content", () => new Response(null, { status: 204 }), "jwk_set_refused"],
])("%s is no document", async (_name, make, problem) => {
  expect(await readJwkSet(URL_OF_KEYS, answering(make))).toEqual({ ok: false, error: problem });
});

test("no connection", async () => {
  expect(await readJwkSet(URL_OF_KEYS, () => Promise.reject(new Error("https://secret")))).toEqual({
    ok: false,
    error: "jwk_set_unreachable",
  });
});

test("a body that breaks off", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("reset"));
    },
  });
  expect(
    await readJwkSet(
      URL_OF_KEYS,
      answering(() => new Response(body)),
    ),
  ).toEqual({ ok: false, error: "jwk_set_unreachable" });
});

test("25 MB are not read: the limit counts octets as they come", async () => {
  const { body, taken, isCancelled } = bodyOf(25 * 1024 * 1024);
  expect(
    await readJwkSet(
      URL_OF_KEYS,
      answering(() => new Response(body)),
    ),
  ).toEqual({ ok: false, error: "jwk_set_too_large" });
  expect(taken()).toBeLessThan(MAX_JWK_SET_BYTES + 4 * 65_536);
  expect(isCancelled()).toBe(true);
});

test("the limit itself is a document", async () => {
  const { body } = bodyOf(MAX_JWK_SET_BYTES);
  const read = await readJwkSet(
    URL_OF_KEYS,
    answering(() => new Response(body)),
  );
  expect(read.ok && read.value.length).toBe(MAX_JWK_SET_BYTES);
});

test.each([
  [
    "never answers",
    (signal: AbortSignal): Promise<Response> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
  ],
  [
    "drips its body",
    (): Promise<Response> =>
      Promise.resolve(
        new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) })),
      ),
  ],
])("a server that %s has 5 s for all of it, and is left then", async (_name, answer) => {
  const timer = createManualTimer();
  let signal: AbortSignal | undefined;
  const reading = readJwkSet(
    URL_OF_KEYS,
    (_url, request) => {
      signal = request.signal;
      return answer(request.signal);
    },
    timer.start,
  );
  expect(timer.running).toEqual([FOREIGN_READ_DEADLINE_MS]);
  timer.fire();
  expect(await reading).toEqual({ ok: false, error: "jwk_set_timeout" });
  expect(signal?.aborted).toBe(true);
});
