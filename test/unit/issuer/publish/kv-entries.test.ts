/** One KV entry over HTTP: what counts as written, what counts as absent, and what is neither. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createCloudflareApi } from "../../../../issuer/publish/cloudflare-api.ts";
import { createKvEntries } from "../../../../issuer/publish/kv-entries.ts";
import type { KvEntries } from "../../../../issuer/publish/kv-entries.ts";
import { startFakeCloudflare } from "../../../support/fake-cloudflare.ts";
import type { FakeCloudflare, Fault, Misbehaviour } from "../../../support/fake-cloudflare.ts";
import { errorOf, given, valueOf } from "../../../support/values.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

const ENTRY = { key: "key-set:main", value: "a.b.c", metadata: { rev: 1 } };
const WITHIN_MS = 60_000;

async function startEntries(
  options: { readonly namespaceId?: string; readonly maxValueBytes?: number; readonly faults?: readonly Fault[] } = {},
): Promise<{ readonly fake: FakeCloudflare; readonly entries: KvEntries }> {
  const clock = createVirtualClock();
  const fake = await startFakeCloudflare({ epochMs: () => clock.epochMs() });
  onTestFinished(() => fake.close());
  fake.script(...(options.faults ?? []));
  const api = createCloudflareApi({ baseUrl: fake.baseUrl, apiToken: undefined, timeoutMs: WITHIN_MS, fetch, clock });
  const entries = createKvEntries(api, options.namespaceId ?? fake.namespaceId, options.maxValueBytes ?? 1000);
  return { fake, entries };
}

function answered(result: unknown, more: object = { success: true }): Misbehaviour {
  return { kind: "answer", status: 200, body: JSON.stringify({ errors: [], result, ...more }) };
}

describe("an entry", () => {
  test("is written and read back, octet by octet", async () => {
    const { fake, entries } = await startEntries();
    expect(await entries.put(ENTRY, WITHIN_MS)).toBeUndefined();
    expect(fake.stored(ENTRY.key)).toBe(ENTRY.value);
    expect(valueOf(await entries.get(ENTRY.key, WITHIN_MS))).toEqual({ text: ENTRY.value, serverSkewSeconds: 0 });
  });

  test("that was never written is absent", async () => {
    const { entries } = await startEntries();
    expect(valueOf(await entries.get("none", WITHIN_MS)).text).toBeUndefined();
  });

  test("has its key and namespace percent-encoded, so that neither leaves the path", async () => {
    const { fake, entries } = await startEntries({ namespaceId: "../x" });
    await entries.get("a/../b?c#d", WITHIN_MS);
    expect(given(fake.requests[0]).path).toMatch(/\/storage\/kv\/namespaces\/\.\.%2Fx\/values\/a%2F\.\.%2Fb%3Fc%23d$/);
  });

  test("that is longer than a key set can be is cut there", async () => {
    const { entries } = await startEntries({ maxValueBytes: 3 });
    await entries.put(ENTRY, WITHIN_MS);
    expect(valueOf(await entries.get(ENTRY.key, WITHIN_MS)).text).toBe("a.b");
  });

  test("that is not UTF-8, or begins with a byte order mark, passes for no compact JWS", async () => {
    const marked: Misbehaviour = { kind: "answer", status: 200, body: "\uFEFFa.b.c" };
    const { entries } = await startEntries({ faults: [{ on: "read", does: marked }] });
    expect(valueOf(await entries.get(ENTRY.key, WITHIN_MS)).text).toBe("\uFEFFa.b.c");
  });
});

describe("an answer to a write", () => {
  test.each<[string, Misbehaviour, string, boolean]>([
    ["without success", answered({}, { success: false, errors: [{ code: 10012 }] }), "(code 10012)", false],
    ["without a result", answered(null), "no result", false],
    ["with an unreadable list", answered({ successful_key_count: 1, unsuccessful_keys: 0 }), "unreadable list", false],
    ["with a key left over", answered({ successful_key_count: 0, unsuccessful_keys: [ENTRY.key] }), "a part", true],
    ["with no key written", answered({ successful_key_count: 0 }), "exactly one", false],
    ["with two keys written", answered({ successful_key_count: 2 }), "exactly one", false],
    ["without a count", answered({}), "exactly one", false],
    ["that is no JSON", { kind: "answer", status: 200, body: "ok" }, "not JSON", false],
  ])("%s is no success", async (_what, does, message, retryable) => {
    const { entries } = await startEntries({ faults: [{ on: "write", does }] });
    const failure = given(await entries.put(ENTRY, WITHIN_MS));
    expect(failure).toMatchObject({ status: 200, mayHaveHappened: false });
    expect(failure.fault).toMatchObject({ code: "publish_failed", retryable });
    expect(failure.fault.message).toContain(message);
  });

  test("may leave the list of keys out", async () => {
    const { entries } = await startEntries({ faults: [{ on: "write", does: answered({ successful_key_count: 1 }) }] });
    expect(await entries.put(ENTRY, WITHIN_MS)).toBeUndefined();
  });

  test("that is lost may have had its effect", async () => {
    const { entries } = await startEntries({ faults: [{ on: "write", does: { kind: "reset", store: true } }] });
    expect(given(await entries.put(ENTRY, WITHIN_MS))).toMatchObject({ mayHaveHappened: true, status: undefined });
  });
});

describe("an answer to a read", () => {
  test.each<[string, Misbehaviour]>([
    ["404 with another code", { kind: "answer", status: 404, body: '{"errors":[{"code":10013}]}' }],
    ["404 without a code", { kind: "answer", status: 404, body: "<html>10009</html>" }],
    ["400 with the code of an absent key", { kind: "answer", status: 400, body: '{"errors":[{"code":10009}]}' }],
    ["HTML", { kind: "answer", status: 200, headers: { "content-type": "TEXT/HTML; charset=utf-8" }, body: "log in" }],
  ])("of %s is a failure, never an absent entry", async (_what, does) => {
    const { entries } = await startEntries({ faults: [{ on: "read", does }] });
    expect(errorOf(await entries.get(ENTRY.key, WITHIN_MS))).toMatchObject({ mayHaveHappened: false });
  });
});
