/**
 * Signing and rotating while KMS or the Cloudflare API fails, with issuer, ring signer, rotator and publisher together. The
 * table says what goes wrong; each row must end in a good token or a coded fault, leave a document in KV that edges can use
 * and that knows the key that signs, and be repaired by the next run.
 */
import { UpdateAliasCommand } from "@aws-sdk/client-kms";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createIssuer } from "../../../issuer/index.ts";
import {
  createRingPorts,
  createTaggedPublishedKeys,
  createRingSigner,
  leadSeconds,
  rootAnchorsOf,
} from "../../../issuer/key-ring/index.ts";
import type { RingPorts } from "../../../issuer/key-ring/index.ts";
import { createAwsKms } from "../../../issuer/kms/aws-kms.ts";
import type { FaultKind } from "../../../issuer/kms-emulator/faults.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { importTrustAnchors, openKeySet } from "../../../shared/signed-key-set.ts";
import type { TrustAnchors } from "../../../shared/signed-key-set.ts";
import { importKeySet } from "../../../shared/verification-keys.ts";
import { verifyToken } from "../../../shared/verify-token.ts";
import type { Fault } from "../../support/fake-cloudflare.ts";
import { instrumentPorts } from "../../support/instrument.ts";
import { TEST_ISSUER, TEST_RING } from "../../support/key-sets.ts";
import { faultOf } from "../../support/published-by.ts";
import { MAIN_RING, startedRing, statesOf, TURN_SECONDS } from "../../support/ring-world.ts";
import type { RingWorld } from "../../support/ring-world.ts";
import { TOKEN_RULES } from "../../support/target.ts";
import { audienceOf, given, valueOf } from "../../support/values.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The world with calls to KMS that give up soon; its pauses are real time. */
function impatient(world: RingWorld): Pick<RingPorts, "kms"> {
  for (const [name, value] of Object.entries(world.kms.env)) vi.stubEnv(name, value);
  return { kms: createAwsKms({ requestTimeoutMs: 100, maxAttempts: 2 }) };
}

async function anchorsOf(world: RingWorld): Promise<TrustAnchors> {
  return valueOf(await importTrustAnchors(rootAnchorsOf(await world.observe()).map(({ jwk }) => jwk)));
}

/** "good", or the fault's code; a token that an edge with the document in KV would not accept fails the test. */
async function signOnce(world: RingWorld, kms: RingPorts["kms"], anchors: TrustAnchors): Promise<string> {
  const ring = createRingSigner({
    ring: MAIN_RING,
    kms,
    published: createTaggedPublishedKeys(kms),
    leadSeconds: leadSeconds(world.policy.timing),
    clock: world.now,
  });
  const issuer = createIssuer({ issuer: TEST_ISSUER, ring, maxTokenTtlSeconds: 600, clock: world.now });
  const signing = issuer.sign({ sub: "someone" }, { audience: "api" });
  const token = await signing.then(
    (signed) => signed.token,
    () => undefined,
  );
  if (token === undefined) return (await faultOf(signing)).code;
  const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  const keySet = await importKeySet(valueOf(await openKeySet(given(world.stored()), rules, world.now())));
  valueOf(await verifyToken(token, { ...TOKEN_RULES, audiences: [audienceOf("api")] }, keySet, world.now()));
  return "good";
}

/** One run of the rotator, whatever becomes of it: the codes of its faults. Anything without a code fails the test. */
async function runOnce(world: RingWorld, ports: Partial<RingPorts>): Promise<readonly string[]> {
  const running = world.run({ ports });
  const report = await running.catch(() => undefined);
  if (report === undefined) return [(await faultOf(running)).code];
  return report.steps.flatMap(({ fault }) => (fault === undefined ? [] : [fault.code]));
}

/** What is in KV can be used by every edge, and `active` points to a key that is in it: nothing is half done. */
async function expectWhole(world: RingWorld, anchors: TrustAnchors): Promise<void> {
  const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  const { document, skipped } = valueOf(await openKeySet(given(world.stored()), rules, world.now()));
  expect(skipped).toEqual([]);
  const { keyArn } = await world.ports.kms.describeKey("alias/sealgate/main/active");
  const { generations } = await world.observe();
  const signing = given(generations.find((generation) => generation.keyArn === keyArn));
  expect(document.keys.map(({ kid }): string => kid)).toContain(given(signing.tags.kid));
}

const AFTER_ROTATION = ["2 active", "3 pending", "1 retiring"];

/** One of each way to fail, and how signing and rotating end while it lasts; kms-faults.test.ts has the other kinds. */
const KMS_FAULTS: readonly (readonly [FaultKind, string])[] = [
  ["throttle", "kms_throttled"],
  ["key_unavailable", "kms_key_unavailable"],
  ["access_denied", "kms_access_denied"],
  ["lost_answer", "kms_unreachable"],
  ["wrong_key", "kms_bad_signature"],
  ["wrong_key_id", "kms_wrong_key"],
  ["double_hash", "kms_bad_signature"],
];

describe.each(KMS_FAULTS)("KMS: every signature ends in %s", (kind, code) => {
  test(`signing is ${code}, a rotation stops before anything is half done, and the next run finishes it`, async () => {
    const world = await startedRing();
    const ports = impatient(world);
    const anchors = await anchorsOf(world);
    world.pass(TURN_SECONDS);
    world.kms.emulator.faults.add({ operation: "Sign", kind });
    const before = world.stored();
    expect(await signOnce(world, ports.kms, anchors)).toBe(code);
    const faults = await runOnce(world, ports);
    expect(faults.length).toBeGreaterThan(0);
    expect(new Set(faults)).toEqual(new Set([code]));
    // No document can be signed, so none was written.
    expect(world.stored()).toBe(before);
    await expectWhole(world, anchors);
    // Each call was made twice at the most: the retries are bounded.
    expect(world.kms.emulator.requests.Sign).toBeLessThan(40);
    world.kms.emulator.faults.clear();
    world.pass(60);
    await runOnce(world, {});
    expect(await statesOf(world)).toEqual(AFTER_ROTATION);
    expect(await signOnce(world, ports.kms, anchors)).toBe("good");
  });
});

test("KMS: a PSS signature with the wrong salt is discarded, whoever asked for it", async () => {
  const world = await startedRing({ alg: "PS256" });
  const anchors = await anchorsOf(world);
  world.kms.emulator.faults.add({ operation: "Sign", kind: "wrong_salt" });
  expect(await signOnce(world, world.ports.kms, anchors)).toBe("kms_bad_signature");
});

/** How the Cloudflare API fails, and with which code a publish ends. */
const API_FAULTS: readonly (readonly [string, string, Fault])[] = [
  ["429 for ever", "publish_rate_limited", { on: "write", times: 99, does: { kind: "answer", status: 429 } }],
  ["503 for ever", "publish_failed", { on: "write", times: 99, does: { kind: "answer", status: 503 } }],
  ["403", "publish_unauthorized", { on: "write", times: 99, does: { kind: "answer", status: 403 } }],
  ["HTML with status 200", "publish_failed", { on: "write", times: 99, does: html() }],
  ["a partial success", "publish_failed", { on: "write", times: 99, does: partial() }],
  ["a lost answer, nothing written", "publish_unreachable", { on: "write", times: 99, does: { kind: "reset" } }],
  ["reads that fail", "publish_failed", { on: "read", times: 99, does: { kind: "answer", status: 500 } }],
];

function html(): Fault["does"] {
  return { kind: "answer", status: 200, body: "<html>welcome</html>" };
}

function partial(): Fault["does"] {
  const result = { successful_key_count: 0, unsuccessful_keys: ["key-set:main"] };
  const body = JSON.stringify({ success: true, errors: [], messages: [], result });
  return { kind: "answer", status: 200, body };
}

describe.each(API_FAULTS)("Cloudflare: %s", (_, code, fault) => {
  test(`tokens are signed all the same, a rotation ends in ${code} with KV as it was, and the next run finishes it`, async () => {
    const world = await startedRing();
    const anchors = await anchorsOf(world);
    world.pass(TURN_SECONDS);
    world.cloudflare.script(fault);
    const before = world.stored();
    const faults = await runOnce(world, {});
    expect(world.stored()).toBe(before);
    // A ring that cannot read KV does not even try to write.
    expect(faults.filter((found) => found !== code)).toEqual([]);
    expect(faults.length > 0 || fault.on === "read").toBe(true);
    expect(await signOnce(world, world.ports.kms, anchors)).toBe("good");
    await expectWhole(world, anchors);
    await drainFaults(world);
    world.pass(60);
    await runOnce(world, {});
    expect(await statesOf(world)).toEqual(AFTER_ROTATION);
  });
});

/** Uses up what is left of the scripted faults: the API behaves again once it knows an empty write and an absent key. */
async function drainFaults(world: RingWorld): Promise<void> {
  const { baseUrl, namespaceId } = world.cloudflare;
  const namespace = `${baseUrl}/storage/kv/namespaces/${namespaceId}`;
  const textOf = (response: Response): Promise<string> => response.text();
  for (let left = 100; left > 0; left -= 1) {
    const write = fetch(`${namespace}/bulk`, { method: "PUT", body: "[]" });
    const read = fetch(`${namespace}/values/nothing`);
    const answers = await Promise.all([write.then(textOf, () => ""), read.then(textOf, () => "")]);
    if (answers[0].includes('"unsuccessful_keys":[]') && answers[1].includes("10009")) return;
  }
  throw new Error("the faults did not end");
}

test("Cloudflare: a write whose answer is lost counts once its bytes are read back", async () => {
  const world = await startedRing();
  const anchors = await anchorsOf(world);
  world.pass(TURN_SECONDS);
  world.cloudflare.script({ on: "write", does: { kind: "reset", store: true } });
  expect(await runOnce(world, {})).toEqual([]);
  expect(await statesOf(world)).toEqual(AFTER_ROTATION);
  await expectWhole(world, anchors);
});

describe("the alias `active` moves between two calls", () => {
  test.each(["describeKey", "listTags", "getPublicKey", "sign"])(
    "after %s: the token is by the key that it names, and edges know it",
    async (after) => {
      const world = await startedRing();
      const anchors = await anchorsOf(world);
      const other = (await world.generation(2)).keyArn;
      let moved = false;
      const { kms } = instrumentPorts(world.ports, async (call, run) => {
        const value = await run();
        if (call === after && !moved) {
          moved = true;
          const alias = { AliasName: "alias/sealgate/main/active", TargetKeyId: other };
          await world.kms.client.send(new UpdateAliasCommand(alias));
        }
        return value;
      });
      expect(await signOnce(world, kms, anchors)).toBe("good");
      expect(moved).toBe(true);
    },
  );
});

describe("a clock that is off by minutes", () => {
  test.each([-600, 600])("%d seconds, at the issuer: kms_clock_skewed, no token", async (offSeconds) => {
    const world = await startedRing();
    const anchors = await anchorsOf(world);
    const now = (): ReturnType<RingWorld["now"]> => epochSecondsFromMs(world.clock.epochMs() + offSeconds * 1000);
    expect(await signOnce({ ...world, now }, world.ports.kms, anchors)).toBe("kms_clock_skewed");
  });

  test.each([-600, 600])("%d seconds, at the rotator: kms_clock_skewed, and KV stays as it is", async (offSeconds) => {
    const world = await startedRing();
    const anchors = await anchorsOf(world);
    // Due by either clock.
    world.pass(TURN_SECONDS + 700);
    const before = world.stored();
    const clock = (): ReturnType<RingWorld["now"]> => epochSecondsFromMs(world.clock.epochMs() + offSeconds * 1000);
    const { kms, publisher, audit } = world.ports;
    const faults = await runOnce(world, createRingPorts({ kms, publisher, audit, clock }));
    expect(new Set(faults)).toEqual(new Set(["kms_clock_skewed"]));
    expect(world.stored()).toBe(before);
    await expectWhole(world, anchors);
    await runOnce(world, {});
    expect(await statesOf(world)).toEqual(AFTER_ROTATION);
  });
});
