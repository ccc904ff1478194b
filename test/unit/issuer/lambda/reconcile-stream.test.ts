/** The rotator's Lambda handler, invoked by the stream of the table of revocations. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createDynamoDbRevocations } from "../../../../issuer/revocations/dynamodb/store.ts";
import { createRevocations } from "../../../../issuer/revocations/revocations.ts";
import type { StreamAnswer } from "../../../../issuer/lambda/reconcile.ts";
import { revocationsKvKey } from "../../../../shared/revocations/names.ts";
import { startDynamoDb } from "../../../support/dynamodb.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { bundleForTest } from "../../../support/lambda-runtime.ts";
import type { BundledLambda, Invocation, LambdaRun } from "../../../support/lambda-runtime.ts";
import { startRingWorld } from "../../../support/ring-world.ts";
import type { RingWorld } from "../../../support/ring-world.ts";
import { sequenceNumberOf, streamEvent } from "../../../support/stream-events.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { createRunningClock } from "../../../support/virtual-clock.ts";

const TABLE = "sealgate-revocations";

/** Long enough for a run, and too short to wait for the pause between two lists to be over. */
const SHORT_MS = 16_000;

let lambda: BundledLambda<StreamAnswer>;
beforeAll(async () => {
  lambda = await bundleForTest("issuer/lambda/reconcile.ts");
});
afterAll(() => lambda.remove());

interface StreamWorld {
  readonly ring: RingWorld;
  revoke(jti: string): Promise<void>;
  /** Epoch seconds of this host, which is the handler's clock. */
  now(): number;
  storedList(): string | undefined;
  invoke(
    invocations: readonly Invocation[],
    changes?: Readonly<Record<string, string>>,
  ): Promise<LambdaRun<StreamAnswer>>;
}

/** A ring at rest, with an empty table and no list yet. */
async function startWorld(): Promise<StreamWorld> {
  const clock = createRunningClock(Date.now() - 7_200_000);
  const ring = await startRingWorld({}, clock);
  await ring.run({ request: { kind: "init" } });
  clock.advance(600_000);
  await ring.run();
  clock.catchUp();
  await ring.run();
  const dynamodb = await startDynamoDb();
  onTestFinished(() => dynamodb.close());
  await dynamodb.createTable(TABLE);
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const revocations = createRevocations({ issuer: TEST_ISSUER, tables: [createDynamoDbRevocations(TABLE)] });
  const variables = {
    ...ring.kms.env,
    ...dynamodb.env,
    SEALGATE_ISSUER: TEST_ISSUER,
    SEALGATE_KV_BASE_URL: ring.cloudflare.baseUrl,
    SEALGATE_KV_NAMESPACE_ID: ring.cloudflare.namespaceId,
    SEALGATE_REVOCATION_TABLE: TABLE,
  };
  return {
    ring,
    revoke: async (jti) => void (await revocations.revokeToken({ jti })),
    now: () => Math.floor(Date.now() / 1000),
    storedList: () => ring.cloudflare.stored(revocationsKvKey(ring.policy.ring)),
    invoke: (invocations, changes = {}) => lambda.invoke(invocations, { ...variables, ...changes }),
  };
}

test("publishes at once what the event tells of", async () => {
  const world = await startWorld();
  await world.revoke("first");
  const rotatorsOwn = { issuer: `#rotator:${TEST_ISSUER}`, entry: "rev" };
  const event = streamEvent([
    { ...rotatorsOwn, addedAt: world.now() },
    { addedAt: world.now() },
    { addedAt: world.now() },
  ]);
  const first = await world.invoke([{ event, remainingMs: 240_000 }]);
  expect([first.stderr, first.outcomes]).toEqual(["", [{ answer: { batchItemFailures: [] } }]]);
  expect(first.lines.map(jsonObject)).toMatchObject([
    { audit: { step: "publish_revocations", reasons: ["missing"], after: { jti: 1, sid: 0, sub: 0 } } },
  ]);
});

test("with too little time to sit out the pause, Lambda is asked to come back with the first record of the issuer", async () => {
  const world = await startWorld();
  // Cloudflare has had too many calls: a pause of a minute, which no machine is slow enough to miss.
  world.ring.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 429 } });
  const event = streamEvent([
    { issuer: "https://other.example.com", addedAt: world.now() },
    { addedAt: world.now() },
    { addedAt: world.now() },
  ]);
  const { outcomes } = await world.invoke(
    [
      { event, remainingMs: 240_000 },
      { event, remainingMs: SHORT_MS },
    ],
    { SEALGATE_POLICY: '{"publishDeadlineSeconds":5}' },
  );
  expect(outcomes).toMatchObject([
    { errorType: "publish_rate_limited" },
    { answer: { batchItemFailures: [{ itemIdentifier: sequenceNumberOf(event, 1) }] } },
  ]);
  expect(world.storedList()).toBeUndefined();
});

test("the rotator's own writes and DynamoDB's deletions run nothing", async () => {
  const world = await startWorld();
  const { ListAliases } = world.ring.kms.emulator.requests;
  const addedAt = world.now();
  const own = ["rev", "counts", "list:main"].map((entry) => ({ issuer: `#rotator:${TEST_ISSUER}`, entry, addedAt }));
  const events = [streamEvent(own), streamEvent([{ name: "REMOVE", addedAt }]), streamEvent([])];
  const { outcomes, lines, metrics } = await world.invoke(events.map((event) => ({ event, remainingMs: 240_000 })));
  expect(outcomes).toEqual(events.map(() => ({ answer: { batchItemFailures: [] } })));
  expect([lines, metrics]).toEqual([[], []]);
  expect(world.ring.kms.emulator.requests.ListAliases).toBe(ListAliases);
});

test("a fault fails the batch until the schedule would have published it; then the shard goes on", async () => {
  const world = await startWorld();
  const young = streamEvent([{ addedAt: world.now() - 400 }, { addedAt: world.now() - 1 }]);
  const old = streamEvent([{ addedAt: world.now() - 400 }, { addedAt: world.now() - 301 }]);
  const { outcomes, lines } = await world.invoke(
    [young, old].map((event) => ({ event, remainingMs: 240_000 })),
    { AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1" },
  );
  expect(outcomes).toMatchObject([
    { errorType: "revocation_table_unreachable" },
    { answer: { batchItemFailures: [] } },
  ]);
  expect(lines.map(jsonObject)).toContainEqual({
    problem: expect.objectContaining({ code: "revocation_table_unreachable" }) as unknown,
  });
});

test("a key set that cannot be published fails the run, not the batch: the list is published", async () => {
  const world = await startWorld();
  await world.ring.overwrite("something else");
  world.ring.cloudflare.script({ on: "write", does: { kind: "answer", status: 403 } });
  const event = streamEvent([{ addedAt: world.now() }]);
  const { outcomes, metrics } = await world.invoke([{ event, remainingMs: 240_000 }]);
  expect(outcomes).toEqual([{ answer: { batchItemFailures: [] } }]);
  expect(metrics.map(jsonObject)).toMatchObject([{ run_failed: 1 }]);
  expect(world.storedList()).toBeDefined();
});

test("a root key that cannot sign now is waited for: nothing was published", async () => {
  const world = await startWorld();
  const { root } = await world.ring.observe();
  await world.ring.kms.client.send(new DisableKeyCommand({ KeyId: given(root).keyId }));
  const event = streamEvent([{ addedAt: world.now() }]);
  const { outcomes, metrics } = await world.invoke([{ event, remainingMs: 240_000 }]);
  expect(outcomes).toEqual([{ answer: { batchItemFailures: [{ itemIdentifier: sequenceNumberOf(event, 0) }] } }]);
  expect(metrics.map(jsonObject)).toMatchObject([{ run_failed: 1 }]);
});

test("without a table it is a fault of the configuration", async () => {
  const world = await startWorld();
  const event = streamEvent([{ addedAt: world.now() }]);
  const { outcomes } = await world.invoke([{ event, remainingMs: 240_000 }], { SEALGATE_REVOCATION_TABLE: "" });
  expect(outcomes).toMatchObject([
    { errorType: "config_invalid", errorMessage: expect.stringContaining("SEALGATE_REVOCATION_TABLE is missing") },
  ]);
});
