/** Connections that stay open, with lists in the real KV: they end with their token, and no other does. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { readBindings } from "../../../../edge-verifier/config/values.ts";
import { collectProblems, readKeySetSettings } from "../../../../edge-verifier/config/config.ts";
import { readFeatures } from "../../../../edge-verifier/request/hooks.ts";
import type { Hooks } from "../../../../edge-verifier/request/hooks.ts";
import { createKvKeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import { createVerification } from "../../../../shared/keys/verification.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { RevocationEntry } from "../../../../shared/revocations/sections.ts";
import type { VerifiedToken } from "../../../../shared/verify-token.ts";
import { makeDocument, ringName, seconds } from "../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../support/revocations.ts";
import { audienceOf, given, valueOf } from "../../../support/values.ts";
import { AUDIENCE, makeFixture, NOW } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

/** M is a second, so that a connection looks every second and a half: L is ten minutes. */
const TIMING = { kvCacheTtlSeconds: 30, memoryTtlSeconds: 1, clockSkewSeconds: 60, maxTokenTtlSeconds: 600 };

const ROUTES = [
  { path: "/events", require: {}, endWithToken: true },
  { path: "/*", require: {} },
];

let fixture: Fixture;
let hooks: Hooks;
let token: VerifiedToken;
let nowMs: number;

beforeEach(async () => {
  nowMs = NOW * 1000;
  fixture = await makeFixture({ vars: { REVOCATIONS: "required" } });
  await fixture.publish(makeDocument([fixture.key], seconds(NOW - 10), { timing: TIMING }));
  await publish([]);
  const { report } = collectProblems();
  const bindings = readBindings(fixture.env);
  const clock = (): number => nowMs;
  const settings = given(await readKeySetSettings(bindings, report));
  hooks = await readFeatures(allFeatures, { env: bindings, report, clock, routes: ROUTES, keySet: settings });
  const made = createVerification({ readerOf: (ring) => createKvKeySetReader(settings.keySets, ring) }, settings);
  const { verifiers } = given(hooks.guard)(made, settings);
  const policy = {
    issuer: settings.issuer,
    audiences: [audienceOf(AUDIENCE)],
    algs: new Set(ALGS),
    typs: new Set(["jwt" as const]),
    maxTokenBytes: 9999,
  };
  token = valueOf(await verifiers.under(policy).verify(await fixture.token({ jti: "stolen" }), nowMs, () => undefined));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function publish(entries: readonly RevocationEntry[], rev: number = NOW): Promise<void> {
  const ring = String(fixture.env["RING"]);
  const text = await signRevocations(entries, seconds(NOW), fixture.root, { ring: ringName(ring), rev });
  await env.KEY_SETS.put(`revocations:${ring}`, text);
}

/** Lets time pass, and what the connections do in it. */
async function pass(passedSeconds: number): Promise<void> {
  for (let passed = 0; passed < passedSeconds; passed += 0.5) {
    nowMs += 500;
    await vi.advanceTimersByTimeAsync(500);
    // A read of the real KV takes real time.
    for (let turn = 0; turn < 5; turn += 1) await scheduler.wait(1);
  }
}

/** For what takes as long as the real KV does. */
async function passUntil(isSeen: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !isSeen(); turn += 1) await pass(0.5);
}

describe("a WebSocket", () => {
  const watched = (): { readonly ends: readonly string[]; readonly stop: () => void } => {
    const ends: string[] = [];
    const stop = given(hooks.watch)(token)((reason) => ends.push(reason));
    return { ends, stop };
  };

  test("is ended once its token is on a list, and not before", async () => {
    const { ends, stop } = watched();
    await publish([takenBack("jti", "another")], NOW + 1);
    await pass(5);
    expect(ends).toEqual([]);
    await publish([takenBack("jti", "stolen")], NOW + 2);
    await passUntil(() => ends.length > 0);
    expect(ends).toEqual(["token revoked"]);
    stop();
  });

  test("is ended when its key is withdrawn", async () => {
    const { ends, stop } = watched();
    const at = seconds(NOW);
    const withdrawn = { timing: TIMING, revoked: [{ kid: fixture.key.kid, at }] };
    await fixture.publish(makeDocument([], at, { ...withdrawn, rev: NOW + 1 }));
    await passUntil(() => ends.length > 0);
    expect(ends).toEqual(["token revoked"]);
    stop();
  });

  test("is ended when the list has expired and no other can be had", async () => {
    const { ends, stop } = watched();
    await env.KEY_SETS.delete(`revocations:${String(fixture.env["RING"])}`);
    await pass(3);
    expect(ends).toEqual([]);
    nowMs += 86_400_000;
    await fixture.publish(makeDocument([fixture.key], seconds(NOW + 86_390), { timing: TIMING, rev: NOW + 9 }));
    await passUntil(() => ends.length > 0);
    expect(ends).toEqual(["revocations unavailable"]);
    stop();
  });

  test("is ended at exp without a list saying so", async () => {
    const { ends, stop } = watched();
    nowMs += 599_000;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(ends[0]).toBe("token expired");
    stop();
  });

  test("that has ended looks no more", async () => {
    const { ends, stop } = watched();
    stop();
    await publish([takenBack("jti", "stolen")], NOW + 2);
    await pass(5);
    expect(ends).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a body", () => {
  const ruleAt = (place: number) => given(valueOf(compilePolicy(hooks.routes, [])).rules[place]);

  test("of a rule that says so is watched; how it ends: test/e2e/gateway/ending-bodies.test.ts", async () => {
    const origin = new Response("x");
    const answer = given(hooks.endBody)(origin, ruleAt(0), token);
    expect(answer).not.toBe(origin);
    expect(await answer?.text()).toBe("x");
  });

  test("of another rule is not touched", () => {
    expect(given(hooks.endBody)(new Response("x"), ruleAt(1), token)).toBeUndefined();
  });
});
