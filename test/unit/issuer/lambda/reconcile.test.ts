/** The rotator's Lambda handler as it is deployed: the bundle is invoked, configured by environment alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReconcileAnswer, StreamAnswer } from "../../../../issuer/lambda/reconcile.ts";
import { DEAD_TOKEN } from "../../../support/fake-cloudflare.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { bundleForTest } from "../../../support/lambda-runtime.ts";
import type { BundledLambda, Invocation, LambdaRun } from "../../../support/lambda-runtime.ts";
import { startRingWorld } from "../../../support/ring-world.ts";
import type { RingWorld } from "../../../support/ring-world.ts";
import { jsonObject } from "../../../support/values.ts";
import { createRunningClock } from "../../../support/virtual-clock.ts";

type Answer = ReconcileAnswer | StreamAnswer;

let lambda: BundledLambda<Answer>;
beforeAll(async () => {
  lambda = await bundleForTest("issuer/lambda/reconcile.ts");
});
afterAll(() => lambda.remove());

/** A ring that was created two hours ago, and has settled: its pending key may sign. */
async function startRing(): Promise<RingWorld> {
  const clock = createRunningClock(Date.now() - 7_200_000);
  const world = await startRingWorld({}, clock);
  await world.run({ request: { kind: "init" } });
  clock.advance(600_000);
  await world.run();
  clock.catchUp();
  await world.run();
  return world;
}

function invoke(
  { kms, cloudflare }: RingWorld,
  invocations: readonly Invocation[],
  changes: Readonly<Record<string, string>> = {},
): Promise<LambdaRun<Answer>> {
  const variables = {
    ...kms.env,
    SEALGATE_ISSUER: TEST_ISSUER,
    SEALGATE_KV_BASE_URL: cloudflare.baseUrl,
    SEALGATE_KV_NAMESPACE_ID: cloudflare.namespaceId,
    AWS_LAMBDA_FUNCTION_NAME: "keeper",
    ...changes,
  };
  return lambda.invoke(invocations, variables);
}

/** What EventBridge sends when no input of one's own is configured. */
const SCHEDULED = {
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: "111122223333",
  time: "2026-11-21T16:53:06Z",
  region: "us-east-1",
  resources: ["arn:aws:events:us-east-1:111122223333:rule/keep-the-ring"],
  detail: {},
};

describe("the bundled handler", () => {
  test("does what is due, with an audit line on stdout for each step, and nothing the second time", async () => {
    const world = await startRing();
    await world.overwrite("something else");
    const { outcomes, lines, metrics, stderr } = await invoke(world, [{ event: {} }, { event: SCHEDULED }]);
    expect(stderr).toBe("");
    const { rev } = await world.document();
    expect(outcomes).toMatchObject([
      { answer: { converged: true, steps: ["publish", "tag_key", "tag_key", "tag_key"], rev, problems: [] } },
      { answer: { converged: true, steps: [], rev } },
    ]);
    const measured = { ring: "main", run_succeeded: 1, published_keys: 2, document_life_used: expect.any(Number) };
    expect(metrics.map(jsonObject)).toMatchObject([measured, measured]);
    const audit = lines.map(jsonObject);
    expect(audit).toHaveLength(4);
    expect(audit[0]).toMatchObject({ audit: { actor: "keeper", step: "publish", reasons: ["refused"] } });
  });

  test("rotates when it is asked to, and says when it is too early", async () => {
    const world = await startRing();
    const event = { action: "rotate" };
    const { outcomes } = await invoke(world, [{ event }, { event }]);
    expect(outcomes).toMatchObject([
      { answer: { converged: true, steps: expect.arrayContaining(["move_active", "publish", "create_key"]) } },
      { answer: { steps: [], refusal: { code: "standby_not_ready", notBefore: expect.any(Number) } } },
    ]);
    expect((await world.observe()).active?.generation).toBe(2);
  });

  test("a step that fails fails the invocation with its code, and the next invocation goes on", async () => {
    const world = await startRing();
    await world.overwrite("something else");
    world.cloudflare.script({ on: "write", does: { kind: "answer", status: 403 } });
    const { outcomes, lines } = await invoke(world, [{ event: {} }, { event: {} }]);
    expect(outcomes).toMatchObject([{ errorType: "publish_unauthorized" }, { answer: { converged: true } }]);
    expect(lines.map(jsonObject)).toContainEqual({
      problem: expect.objectContaining({ code: "document_lost" }) as unknown,
    });
  });

  test.concurrent("KV that cannot be read fails the invocation although nothing is due", async () => {
    const world = await startRing();
    world.cloudflare.script({ on: "read", times: 99, does: DEAD_TOKEN });
    const [dead, rotation] = (await invoke(world, [{ event: {} }, { event: { action: "rotate" } }])).outcomes;
    expect(dead).toMatchObject({ errorType: "publish_unauthorized" });
    expect(dead?.errorMessage).toMatch(/403 \(code 10000\): check CLOUDFLARE_API_TOKEN/);
    expect(rotation).toMatchObject({ errorType: "publish_unauthorized" });
    const unreachable = { SEALGATE_KV_BASE_URL: "http://127.0.0.1:1/client/v4/accounts/local" };
    const { outcomes } = await invoke(world, [{ event: {} }], unreachable);
    expect(outcomes).toMatchObject([{ errorType: "publish_unreachable" }]);
  });

  test("a KMS that refuses fails the invocation, and so does a ring that is not there", async () => {
    const world = await startRing();
    const remove = world.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    const { outcomes } = await invoke(world, [{ event: {} }]);
    expect(outcomes).toMatchObject([{ errorType: "kms_access_denied" }]);
    remove();
    const other = await invoke(world, [{ event: {} }, { event: { action: "rotate" } }], { SEALGATE_RING: "other" });
    expect(other.outcomes).toMatchObject([
      { errorType: "root_missing", errorMessage: expect.stringContaining("Check ring, account and Region") },
      { errorType: "root_missing" },
    ]);
    expect(other.lines.map(jsonObject)).toMatchObject([
      { problem: { code: "root_missing" } },
      { problem: { code: "root_missing" } },
    ]);
    expect(world.kms.emulator.requests.CreateKey).toBe(3);
  });

  test("refuses an event that means something else, and a configuration that is not complete", async () => {
    const world = await startRing();
    const events = [null, "rotate", { action: "revoke" }, { acton: "rotate" }, { action: "rotate", now: true }];
    const { outcomes } = await invoke(
      world,
      events.map((event) => ({ event })),
    );
    expect(outcomes.map(({ errorType }) => errorType)).toEqual(events.map(() => "input_invalid"));
    const [missing] = (await invoke(world, [{ event: {} }], { SEALGATE_ISSUER: "" })).outcomes;
    expect(missing).toMatchObject({ errorType: "config_invalid" });
    expect(missing?.errorMessage).toContain("SEALGATE_ISSUER is missing");
    const [broken] = (await invoke(world, [{ event: {} }], { SEALGATE_POLICY: '{"alg":"HS256"}' })).outcomes;
    expect(broken).toMatchObject({ errorType: "config_invalid" });
    expect(broken?.errorMessage).toContain("alg must be one of");
  });

  test("holds the rotator and the SDK, and nothing of the emulator, the edge or the command line", () => {
    const ours = lambda.inputs.filter((path) => !path.includes("node_modules/"));
    expect(ours).toContain("issuer/key-ring/reconcile.ts");
    expect(ours.filter((path) => !/^(?:issuer|shared)\//.test(path))).toEqual([]);
    expect(ours.filter((path) => /^issuer\/(?:kms-emulator|cli)\//.test(path))).toEqual([]);
  });
});
