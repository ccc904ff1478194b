/** One call to the Cloudflare API over HTTP: what is sent, how much of an answer is read, and what went wrong. */
import { describe, expect, onTestFinished, test } from "vitest";
import {
  createCloudflareApi,
  describeCodes,
  measureSkew,
  parseEnvelope,
  readApiCodes,
} from "../../../../issuer/publish/cloudflare-api.ts";
import type { ApiFailure, CloudflareApi } from "../../../../issuer/publish/cloudflare-api.ts";
import { startFakeCloudflare } from "../../../support/fake-cloudflare.ts";
import type { FakeCloudflare, Misbehaviour } from "../../../support/fake-cloudflare.ts";
import { errorOf, jsonObject, utf8, valueOf } from "../../../support/values.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

const EPOCH_MS = Date.UTC(2027, 0, 15, 8, 0, 0);

describe("the server's clock", () => {
  const date = new Date(EPOCH_MS).toUTCString();

  test.each([
    ["agrees when its second overlaps the time of the call", -500, 200, 0],
    ["agrees at the end of its second", 999, 1200, 0],
    ["is ahead by the least difference to the end of the call", -9000, -2000, 2],
    ["is behind by the least difference to the start of the call", 2999, 9000, -2],
  ])("%s", (_what, sentAfterMs, receivedAfterMs, seconds) => {
    expect(measureSkew(date, EPOCH_MS + sentAfterMs, EPOCH_MS + receivedAfterMs)).toBe(seconds);
  });

  test.each([null, "", "yesterday"])("is unknown for the Date %j", (value) => {
    expect(measureSkew(value, EPOCH_MS, EPOCH_MS)).toBeUndefined();
  });
});

const CALL = { method: "GET", path: "/storage/kv/namespaces/x/values/y", maxAnswerBytes: 1000 } as const;

async function startApi(
  does: Misbehaviour,
  options: { readonly apiToken?: string; readonly timeoutMs?: number } = {},
): Promise<{ readonly fake: FakeCloudflare; readonly api: CloudflareApi }> {
  const clock = createVirtualClock(EPOCH_MS);
  const fake = await startFakeCloudflare({ epochMs: () => clock.epochMs() });
  onTestFinished(() => fake.close());
  fake.script({ on: "read", times: 9, does });
  const { apiToken, timeoutMs = 60_000 } = options;
  return { fake, api: createCloudflareApi({ baseUrl: fake.baseUrl, apiToken, timeoutMs, fetch, clock }) };
}

async function failureAfter(does: Misbehaviour): Promise<ApiFailure> {
  const { api } = await startApi(does);
  return errorOf(await api.send(CALL, 60_000));
}

describe("a call", () => {
  test("is a 200 with the body as octets, its type, and the server's clock", async () => {
    const { api } = await startApi({ kind: "answer", status: 200, body: "äb" });
    const { body, contentType, serverSkewSeconds } = valueOf(await api.send(CALL, 60_000));
    expect(Buffer.from(body).toString()).toBe("äb");
    expect({ contentType, serverSkewSeconds }).toEqual({ contentType: "application/json", serverSkewSeconds: 0 });
  });

  test("carries the token, if there is one", async () => {
    const answer: Misbehaviour = { kind: "answer", status: 200 };
    const { fake, api } = await startApi(answer, { apiToken: "token-1" });
    await api.send(CALL, 60_000);
    expect(fake.requests).toMatchObject([{ method: "GET", authorization: "Bearer token-1" }]);
    const without = await startApi(answer);
    await without.api.send(CALL, 60_000);
    expect(without.fake.requests).toMatchObject([{ authorization: undefined }]);
  });

  test("reads no more of an answer than it was asked to, however long the answer is", async () => {
    const { api } = await startApi({ kind: "flood" });
    const { body } = valueOf(await api.send({ ...CALL, maxAnswerBytes: 70_000 }, 60_000));
    expect(body).toHaveLength(70_000);
  });

  test.each([
    ["its own timeout", 1, 60_000],
    ["the time that is left", 60_000, 1],
  ])("that is not answered ends after %s", async (_what, timeoutMs, withinMs) => {
    const { api } = await startApi({ kind: "hang" }, { timeoutMs });
    const failure = errorOf(await api.send(CALL, withinMs));
    expect(failure).toMatchObject({ mayHaveHappened: true, status: undefined });
    expect(failure.fault).toMatchObject({ code: "publish_timeout", retryable: true });
  });
});

describe("a failure", () => {
  test.each<[number, string, string, boolean, boolean]>([
    [401, "", "publish_unauthorized", false, false],
    [403, "", "publish_unauthorized", false, false],
    [400, '{"errors":[{"code":6003,"error_chain":[{"code":6111}]}]}', "publish_unauthorized", false, false],
    [400, '{"errors":[{"code":9106}]}', "publish_unauthorized", false, false],
    [400, '{"errors":[{"code":7003}]}', "publish_not_found", false, false],
    [404, "", "publish_not_found", false, false],
    [429, "", "publish_rate_limited", true, false],
    [408, "", "publish_failed", true, true],
    [500, "", "publish_failed", true, true],
    [599, "", "publish_failed", true, true],
    [400, "", "publish_failed", false, false],
    [302, "", "publish_failed", false, false],
    [201, "", "publish_failed", false, false],
  ])("of status %i %s is %s, retryable: %s, may have happened: %s", async (status, body, code, retryable, happened) => {
    const failure = await failureAfter({ kind: "answer", status, body, headers: { location: "/elsewhere" } });
    expect(failure).toMatchObject({ status, mayHaveHappened: happened, fault: { code, retryable } });
    expect(failure.fault.message).toContain(`answered ${status}`);
  });

  test("tells the codes of Cloudflare, what Retry-After asks for, and the server's clock", async () => {
    const body = JSON.stringify({ errors: [{ code: 10_000, message: "canary" }] });
    const failure = await failureAfter({ kind: "answer", status: 503, body, headers: { "retry-after": "17" } });
    expect(failure).toMatchObject({ apiCodes: [10_000], retryAfterMs: 17_000, serverSkewSeconds: 0 });
    expect(failure.fault.message).toBe("the Cloudflare API answered 503 (code 10000)");
  });

  test("of the connection names the system's code, and may have happened", async () => {
    const failure = await failureAfter({ kind: "reset" });
    expect(failure).toMatchObject({ mayHaveHappened: true, status: undefined, apiCodes: [] });
    expect(failure.fault).toMatchObject({ code: "publish_unreachable", retryable: true });
    expect(failure.fault.message).toMatch(/^the Cloudflare API cannot be reached \([A-Z_]+\)$/);
  });
});

describe("Cloudflare's codes", () => {
  test.each<[string, string, readonly number[]]>([
    ["of an error and the first of its chain", '{"errors":[{"code":1,"error_chain":[{"code":2},{"code":3}]}]}', [1, 2]],
    ["of four errors at most", '{"errors":[{"code":1},{"code":2},{"code":3},{"code":4},{"code":5}]}', [1, 2, 3, 4]],
    ["that are whole numbers", '{"errors":[{"code":"1"},{"code":1.5},7,{"code":2}]}', [2]],
    ["of a list only", '{"errors":{"code":1}}', []],
    ["of an envelope without errors", "{}", []],
  ])("are those %s", (_what, envelope, codes) => {
    expect(readApiCodes(jsonObject(envelope))).toEqual(codes);
  });

  test("end a message, or are left out", () => {
    expect(readApiCodes(undefined)).toEqual([]);
    expect(describeCodes([])).toBe("");
    expect(describeCodes([10_000, 6111])).toBe(" (code 10000, 6111)");
  });

  test.each(["<html>", "", "[]", '{"errors":['])("are not looked for in %j", (text) => {
    expect(parseEnvelope(utf8(text))).toBeUndefined();
  });
});
