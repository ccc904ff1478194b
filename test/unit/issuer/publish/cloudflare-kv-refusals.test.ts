/** Answers that end a publish or a read at once, with a code that says what to do, and what never gets into a message. */
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { SealgateError } from "../../../../issuer/errors.ts";
import { createCloudflareKvPublisher } from "../../../../issuer/publish/cloudflare-kv.ts";
import { startFakeCloudflare } from "../../../support/fake-cloudflare.ts";
import type { Misbehaviour } from "../../../support/fake-cloudflare.ts";
import { DOCUMENT, faultOf, MAIN, REV, setUpBench } from "../../../support/published-by.ts";
import type { Bench } from "../../../support/published-by.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

const KEY = "key-set:main";

const SUCCESS = '{"success":true,"errors":[],"result":{"successful_key_count":1,"unsuccessful_keys":[]}}';

function answer(status: number, body = "", headers: Readonly<Record<string, string>> = {}): Misbehaviour {
  return { kind: "answer", status, body, headers };
}

function apiError(status: number, ...codes: readonly number[]): Misbehaviour {
  return answer(status, JSON.stringify({ success: false, errors: codes.map((code) => ({ code })), result: null }));
}

describe("an answer to the write that is refused at once", () => {
  test.each<[string, string, Misbehaviour]>([
    ["401", "publish_unauthorized", apiError(401, 10000)],
    ["403", "publish_unauthorized", apiError(403, 9109)],
    ["403 as HTML", "publish_unauthorized", answer(403, "<html>blocked</html>")],
    ["400 for the form of the token", "publish_unauthorized", apiError(400, 6003)],
    ["404 for the namespace", "publish_not_found", apiError(404, 10013)],
    ["404 for the path", "publish_not_found", apiError(404, 7003)],
    ["404 as HTML", "publish_not_found", answer(404, "<html>not here</html>")],
    ["400 for the namespace", "publish_not_found", apiError(400, 10013)],
    ["400", "publish_failed", apiError(400, 10012)],
    ["413", "publish_failed", answer(413)],
    ["a redirect", "publish_failed", answer(302, "", { location: "/elsewhere" })],
    ["a permanent redirect", "publish_failed", answer(308, "", { location: "/elsewhere" })],
    ["201", "publish_failed", answer(201, SUCCESS)],
    ["HTML", "publish_failed", answer(200, "<html>hello</html>")],
    ["an empty body", "publish_failed", answer(200)],
    ["text from a Worker", "publish_failed", answer(200, "hello")],
    ["a JSON array", "publish_failed", answer(200, "[]")],
    ["success: false", "publish_failed", apiError(200, 10000)],
    ["success as text", "publish_failed", answer(200, '{"success":"true","result":{"successful_key_count":1}}')],
    ["no success", "publish_failed", answer(200, '{"result":{"successful_key_count":1,"unsuccessful_keys":[]}}')],
    ["a body without end", "publish_failed", { kind: "flood" }],
  ])("%s is %s", async (_what, code, does) => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", times: 99, does });
    expect(await bench.faultOfPublish()).toMatchObject({ code, retryable: false });
    expect(bench.calls()).toEqual(["read", "write"]);
    expect(bench.clock.sleeps).toEqual([]);
  });

  test("a token that cannot be had is the source's fault, and the API is not called", async () => {
    const fault = new SealgateError("secret_unreadable", "There is no such secret.");
    const bench = await setUpBench({ apiToken: () => Promise.reject(fault) });
    expect(await bench.faultOfPublish()).toBe(fault);
    expect(bench.calls()).toEqual([]);
  });

  test("a source is asked for the token before each call", async () => {
    const tokens = ["token_of_reading", "token_of_writing", "token_of_reading_back"];
    const left = [...tokens];
    const bench = await setUpBench({ apiToken: async () => left.shift() ?? "no_token_is_left" });
    await bench.publish();
    expect(bench.fake.requests.map(({ authorization }) => authorization)).toEqual(
      tokens.map((token) => `Bearer ${token}`),
    );
  });

  test("is not made good by the bytes being there", async () => {
    const bench = await setUpBench();
    const success = '{"success":false,"errors":[],"result":{"successful_key_count":1,"unsuccessful_keys":[]}}';
    bench.fake.script({ on: "write", does: { kind: "answer", status: 200, body: success, store: true } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_failed" });
  });

  test("names Cloudflare's codes, and none of the answer's words", async () => {
    const bench = await setUpBench();
    const errors = [{ code: 10012, message: "canary-in-message", error_chain: [{ code: 10099 }] }];
    bench.fake.script({ on: "write", does: answer(400, JSON.stringify({ success: false, errors })) });
    const { message } = await bench.faultOfPublish();
    expect(message).toContain("code 10012, 10099");
    expect(message).not.toContain("canary");
  });

  test("a redirect is not followed", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: answer(307, "", { location: `${bench.fake.baseUrl}/elsewhere` }) });
    await bench.faultOfPublish();
    expect(bench.fake.requests.filter(({ path }) => path.includes("elsewhere"))).toEqual([]);
  });
});

describe("a read", () => {
  test.each<[string, string, Misbehaviour]>([
    ["401", "publish_unauthorized", apiError(401, 10000)],
    ["403", "publish_unauthorized", apiError(403, 10000)],
    ["404 for the namespace", "publish_not_found", apiError(404, 10013)],
    ["404 as HTML", "publish_not_found", answer(404, "<html>10009</html>")],
    ["404 with an empty body", "publish_not_found", answer(404)],
    ["404 with another shape", "publish_not_found", answer(404, '{"errors":"10009"}')],
    ["a redirect", "publish_failed", answer(301, "", { location: "/elsewhere" })],
    ["HTML", "publish_failed", answer(200, "<html>log in</html>", { "content-type": "text/html; charset=UTF-8" })],
    ["a part of the value", "publish_failed", answer(206, "eyJh")],
    ["the code of an absent key with another status", "publish_failed", apiError(400, 10009)],
  ])("that is answered with %s is %s, never an absent document", async (_what, code, does) => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", does });
    expect(await faultOf(bench.publisher.read(MAIN))).toMatchObject({ code, retryable: false });
  });

  test("before the write that fails keeps the write from happening", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", does: apiError(403, 10000) });
    await bench.faultOfPublish();
    expect(bench.calls()).toEqual(["read"]);
  });

  test("of a body without end stops", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", does: { kind: "flood" } });
    expect(await bench.publisher.read(MAIN)).toMatch(/^x+$/);
  });
});

describe("a clock that is off", () => {
  test.each([
    ["ahead of", -300, -300],
    ["behind", 300, 300],
  ])("%s the API's by minutes refuses to publish, and nothing was written", async (direction, serverAhead) => {
    const bench = await setUpBench({}, serverAhead * 1000);
    const fault = await bench.faultOfPublish();
    expect(fault).toMatchObject({ code: "clock_skewed", retryable: false });
    expect(fault.message).toMatch(new RegExp(`(299|300) s ${direction} the`));
    expect(bench.fake.stored(KEY)).toBeUndefined();
  });

  test.each([
    [59, 59],
    [-61, -60.001],
  ])("by %i s is told to the caller when the limit allows it", async (serverAhead, serverSkewSeconds) => {
    const bench = await setUpBench({ maxClockSkewSeconds: 61 }, serverAhead * 1000);
    expect(await bench.publish()).toEqual({ rev: REV, serverSkewSeconds });
  });

  test("may still read", async () => {
    const bench = await setUpBench({}, 300_000);
    expect(await bench.publisher.read(MAIN)).toBeUndefined();
  });

  test("cannot be seen when the API does not tell the time", async () => {
    const bench = await setUpBench({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const headers = new Headers(response.headers);
        headers.delete("date");
        return new Response(response.body, { status: response.status, headers });
      },
    });
    expect(await bench.publish()).toEqual({ rev: REV, serverSkewSeconds: undefined });
  });
});

describe("the API token", () => {
  const TOKEN = "canary-token-0123456789";

  async function setUpWithToken(expected: string): Promise<Pick<Bench, "fake" | "publisher">> {
    const clock = createVirtualClock();
    const fake = await startFakeCloudflare({ epochMs: () => clock.epochMs(), apiToken: expected });
    onTestFinished(() => fake.close());
    const { baseUrl, namespaceId } = fake;
    return { fake, publisher: createCloudflareKvPublisher({ baseUrl, namespaceId, clock, apiToken: TOKEN }) };
  }

  test("goes with every call as a bearer token", async () => {
    const { fake, publisher } = await setUpWithToken(TOKEN);
    await publisher.publish(MAIN, DOCUMENT, REV);
    expect(fake.requests.map(({ authorization }) => authorization)).toEqual(Array(3).fill(`Bearer ${TOKEN}`));
  });

  test("that is wrong is publish_unauthorized, and the fault does not show it", async () => {
    const { publisher } = await setUpWithToken("another");
    const fault = await faultOf(publisher.publish(MAIN, DOCUMENT, REV));
    expect(fault.code).toBe("publish_unauthorized");
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(TOKEN);
  });

  test("that is missing is publish_unauthorized", async () => {
    const { fake } = await setUpWithToken(TOKEN);
    const { baseUrl, namespaceId } = fake;
    const publisher = createCloudflareKvPublisher({ baseUrl, namespaceId, clock: createVirtualClock() });
    expect(await faultOf(publisher.read(MAIN))).toMatchObject({ code: "publish_unauthorized" });
  });

  test.each<[string, Misbehaviour]>([
    ["a closed connection", { kind: "reset" }],
    ["a server that never answers", { kind: "hang" }],
    ["a server that answers with the token", answer(400, TOKEN)],
    ["a redirect that holds the token", answer(302, "", { location: `https://${TOKEN}.example/` })],
    ["an error that quotes the token", answer(200, JSON.stringify({ success: false, errors: [{ code: TOKEN }] }))],
  ])("is not shown by the fault after %s", async (_what, does) => {
    const bench = await setUpBench({ apiToken: TOKEN, maxAttempts: 1, timeoutMs: 300 });
    bench.fake.script({ on: "write", does });
    expect(inspect(await bench.faultOfPublish(), { depth: 9, showHidden: true })).not.toContain(TOKEN);
  });
});

test("a network error is named by the system's code only", async () => {
  const cause = Object.assign(new Error("canary"), { code: "canary of 127.0.0.1" });
  const bench = await setUpBench({ maxAttempts: 1, fetch: () => Promise.reject(new TypeError("canary", { cause })) });
  const fault = await bench.faultOfPublish();
  expect(fault.code).toBe("publish_unreachable");
  expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain("canary of");
  expect(fault.message).not.toContain("canary");
});

describe("what is published", () => {
  test.each([
    ["nothing", "", 1],
    ["text that is no compact JWS", "<html>", 1],
    ["a line break", `${DOCUMENT}\n`, 1],
    ["more than a key set document can be", "x".repeat(2 * 1024 * 1024 + 1), 1],
    ["rev 0", DOCUMENT, 0],
    ["a rev that is no whole number", DOCUMENT, 1.5],
  ])("is refused when it is %s", async (_what, text, rev) => {
    const bench = await setUpBench();
    await expect(bench.publisher.publish(MAIN, text, rev)).rejects.toThrow(TypeError);
    expect(bench.calls()).toEqual([]);
  });
});
