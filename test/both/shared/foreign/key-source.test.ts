/** When the keys of a foreign issuer are read, how long they are used, and who waits: in virtual time. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../../../../shared/foreign/key-source.ts";
import type { ForeignKeysEvent, ForeignKeySource } from "../../../../shared/foreign/key-source.ts";
import { createForeignNetwork } from "../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../support/foreign-network.ts";
import { collectBackgroundWork, createManualTimer } from "../../../support/key-set-readers.ts";
import type { BackgroundWork, ManualTimer } from "../../../support/key-set-readers.ts";
import { makeKey } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";

const START_MS = 1_800_000_000_000;
const JWKS = "https://login.acme.example/jwks";
const DOWN = (): Response => new Response(null, { status: 500 });

let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey("ES256"), makeKey("ES256")]);
});

let network: ForeignNetwork;
let work: BackgroundWork;
let timer: ManualTimer;
let events: ForeignKeysEvent[];
let source: ForeignKeySource;
beforeEach(() => {
  network = createForeignNetwork();
  network.serve(JWKS, { keys: [key.jwk] });
  work = collectBackgroundWork();
  timer = createManualTimer();
  events = [];
  source = makeSource({});
});

function makeSource(more: object, random = 0): ForeignKeySource {
  const issuer = parseForeignIssuer({
    issuer: "https://login.acme.example",
    jwks_uri: JWKS,
    algs: ["ES256"],
    audiences: ["api"],
    ...more,
  });
  if (!issuer.ok) throw new TypeError(issuer.error.join("; "));
  const report = (event: ForeignKeysEvent): void => void events.push(event);
  return createForeignKeySource({
    issuer: issuer.value,
    fetch: network.fetch,
    random: () => random,
    report,
    startTimer: timer.start,
  });
}

/** Seconds after the start, for a request that may read behind its answer: "wait" if it would have to wait. */
function ready(afterSeconds: number, mayRead = true): number | "wait" {
  return source.ready(START_MS + afterSeconds * 1000, work.waitUntil, mayRead)?.keys.size ?? "wait";
}

async function current(afterSeconds: number): Promise<number | object> {
  const answer = await source.current(START_MS + afterSeconds * 1000, work.waitUntil);
  return answer.ok ? answer.value.keys.size : answer.error;
}

describe("while the issuer answers", () => {
  test("the first request waits for its read, and later ones for nothing", async () => {
    expect(ready(0)).toBe("wait");
    expect(network.asked).toHaveLength(0);
    expect(await current(0)).toBe(1);
    expect(ready(299)).toBe(1);
    expect(network.asked).toHaveLength(1);
  });

  test("the next read is behind an answer, after 300 s, and one at a time", async () => {
    await current(0);
    expect([ready(300), ready(300), ready(301)]).toEqual([1, 1, 1]);
    await work.settle();
    expect(network.asked).toHaveLength(2);
    expect(ready(599)).toBe(1);
    expect(network.asked).toHaveLength(2);
  });

  test("isolates spread over 60 s more", async () => {
    source = makeSource({}, 0.5);
    await current(0);
    ready(329);
    expect(network.asked).toHaveLength(1);
    ready(331);
    expect(network.asked).toHaveLength(2);
  });

  test("a request that has begun an own read begins none here", async () => {
    await current(0);
    expect(ready(330, false)).toBe(1);
    expect(network.asked).toHaveLength(1);
  });

  test("an isolate that was idle for longer than 420 s does not use what it holds", async () => {
    await current(0);
    network.serve(JWKS, { keys: [] });
    expect(ready(420)).toBe("wait");
    expect(await current(420)).toBe(0);
  });

  test("an empty set is believed, and reported", async () => {
    await current(0);
    network.serve(JWKS, { keys: [] });
    ready(301);
    await work.settle();
    expect(ready(302)).toBe(0);
    expect(events.map(({ problem, keys }) => [problem, keys])).toEqual([
      [undefined, 1],
      [undefined, 0],
    ]);
  });

  test("keys that are left out are reported once, without their material", async () => {
    network.serve(JWKS, { keys: [key.jwk, { ...other.jwk, use: "enc" }] });
    await current(0);
    ready(301);
    await work.settle();
    expect(events).toEqual([
      {
        event: "foreign_keys",
        issuer: "https://login.acme.example",
        problem: undefined,
        keys: 1,
        skipped: [{ index: 1, problem: "use_not_sig" }],
      },
    ]);
  });
});

test("a key without alg is reported as one key, however many algorithms it serves", async () => {
  const [rsa, root] = await Promise.all([makeKey("RS256"), makeKey("ES256")]);
  const { alg: _, ...named } = rsa.jwk;
  network.serve(JWKS, { keys: [{ ...named, kid: "a" }, root.jwk] });
  source = makeSource({ algs: ["RS256", "PS256", "ES256"] });
  await current(0);
  expect(events).toMatchObject([{ keys: 2 }]);
});

describe("a kid that is not among the keys", () => {
  const refresh = async (afterSeconds: number): Promise<number | undefined> => {
    const used = source.ready(START_MS + afterSeconds * 1000, work.waitUntil, true);
    if (used === undefined) throw new TypeError("holds keys");
    return (await source.refreshForUnknownKid(used, START_MS + afterSeconds * 1000, work.waitUntil))?.keys.size;
  };

  test("is looked for at once, and then not again for 300 s", async () => {
    await current(0);
    network.serve(JWKS, { keys: [key.jwk, other.jwk] });
    expect(await refresh(10)).toBe(2);
    for (const afterSeconds of [11, 60, 309]) expect(await refresh(afterSeconds)).toBeUndefined();
    expect(network.asked).toHaveLength(2);
  });

  test("a thousand invented ones cost one read", async () => {
    await current(0);
    for (let index = 0; index < 1000; index += 1) await refresh(1 + index / 10);
    expect(network.asked).toHaveLength(2);
  });

  test("that another request is looking for is waited for, on a timer of its own", async () => {
    await current(0);
    let answer: (response: Response) => void = () => undefined;
    network.serve(JWKS, () => new Promise<Response>((resolve) => (answer = resolve)));
    const [first, second] = [refresh(10), refresh(10)];
    await Promise.resolve();
    answer(Response.json({ keys: [key.jwk, other.jwk] }));
    expect(await first).toBe(2);
    timer.fire();
    expect(await second).toBe(2);
    expect(network.asked).toHaveLength(2);
  });
});

describe("while the issuer does not answer", () => {
  test("the keys are used up to max_stale, and nothing waits", async () => {
    source = makeSource({ max_stale: 1000 });
    await current(0);
    network.serve(JWKS, DOWN);
    for (let afterSeconds = 300; afterSeconds < 1000; afterSeconds += 10) {
      expect(ready(afterSeconds)).toBe(1);
      await work.settle();
    }
    expect(ready(1000)).toBe("wait");
    expect(await current(1000)).toMatchObject({ code: "keys_unavailable", problem: "jwk_set_refused" });
  });

  test("it is asked once in 10 to 20 s", async () => {
    await current(0);
    network.serve(JWKS, DOWN);
    for (let afterSeconds = 300; afterSeconds < 400; afterSeconds += 1) {
      ready(afterSeconds);
      await work.settle();
    }
    expect(network.asked).toHaveLength(11);
  });

  test("an isolate without keys answers 503 with the time of the next try, and asks no more until then", async () => {
    network.serve(JWKS, DOWN);
    expect(await current(0)).toEqual({ code: "keys_unavailable", retryAfterSeconds: 10, problem: "jwk_set_refused" });
    expect(await current(9)).toEqual({ code: "keys_unavailable", retryAfterSeconds: 1, problem: "jwk_set_refused" });
    expect(network.asked).toHaveLength(1);
    network.serve(JWKS, { keys: [key.jwk] });
    expect(await current(10)).toBe(1);
  });

  test.each([
    ["no JSON", () => new Response("<html>"), "jwk_set_malformed"],
    ["no keys", () => Response.json({}), "jwk_set_malformed"],
    ["10,000 keys", () => Response.json({ keys: Array.from({ length: 10_000 }, () => ({})) }), "jwk_set_too_many_keys"],
    ["25 MB", () => new Response("x".repeat(25 * 1024 * 1024)), "jwk_set_too_large"],
    [
      "a redirect",
      () => new Response(null, { status: 301, headers: { location: "https://evil.example" } }),
      "jwk_set_refused",
    ],
  ])("an answer of %s is a failure, and withdraws nothing", async (_name, answer, problem) => {
    await current(0);
    network.serve(JWKS, answer);
    ready(301);
    await work.settle();
    expect(ready(302)).toBe(1);
    expect(events.at(-1)).toMatchObject({ problem, keys: 1 });
  });

  test("requests of a cold isolate share one read, each waiting on its own timers", async () => {
    network.serve(JWKS, () => new Promise<Response>(() => undefined));
    const all = [current(0), current(0), current(1)];
    for (let turn = 0; turn < 2000; turn += 1) {
      timer.fire();
      await Promise.resolve();
    }
    for (const answer of await Promise.all(all)) {
      expect(answer).toMatchObject({ code: "keys_unavailable", problem: "jwk_set_timeout" });
    }
    expect(network.asked).toHaveLength(1);
  });

  test("a read that dies with its request does not stop the next one", async () => {
    network.serve(JWKS, () => new Promise<Response>(() => undefined));
    void current(0);
    network.serve(JWKS, { keys: [key.jwk] });
    expect(await current(6)).toBe(1);
  });
});

test("a clock that goes back makes no key younger than it is", async () => {
  await current(0);
  network.serve(JWKS, { keys: [] });
  expect(ready(-3600)).toBe(1);
  await work.settle();
  expect(ready(-3599)).toBe(0);
});
