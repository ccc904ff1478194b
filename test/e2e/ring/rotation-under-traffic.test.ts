/**
 * Two rotations and an emergency revocation under constant traffic: the real rotator, signers, Worker and local KV. No good
 * token is refused, and the withdrawn one dies within the stated bound.
 *
 * The clock of KMS, rotator and signers runs faster than the Worker's, which is the host's. So all their waits are shorter by
 * that factor, and have to be long enough all the same: a copy in the Worker's memory gets as old as it does in real time.
 */
import { expect, onTestFinished, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { ReconcileReport, RingRequest } from "../../../issuer/key-ring/index.ts";
import { parseKid } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import { startRingStack } from "../../local-stack/ring-stack.ts";
import type { RingStack } from "../../local-stack/ring-stack.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import { given } from "../../support/values.ts";
import { pause, send, startTraffic } from "./traffic.ts";
import type { Answer } from "./traffic.ts";

/** Seconds of the rotator in one of the host's. */
const SPEED = 30;

/** The fast clock starts so far in the past that no document of the test is ever issued in the Worker's future. */
const HEAD_START_MS = 3600 * 1000;

/** In the rotator's seconds, hence a thirtieth of it in real time: S 3.7 s, lead 3.8 s, hold 8.1 s and G 2 s, a rotation every 15 s. */
const POLICY = {
  rotateEverySeconds: 460,
  reconcileEverySeconds: 10,
  composeDeadlineSeconds: 60,
  publishDeadlineSeconds: 20,
  kvSpreadSeconds: 1,
  downstreamCacheSeconds: 1,
  kmsConsistencySeconds: 0,
  timing: {
    kvPropagationSeconds: 81,
    kvCacheTtlSeconds: 30,
    // The Worker obeys this one in real time: a second, which is 30 of the rotator's.
    memoryTtlSeconds: 1,
    clockSkewSeconds: 1,
    maxTokenTtlSeconds: 200,
    signerLagSeconds: 40,
  },
} as const;

/** In real time: less than 200 of the rotator's seconds. */
const TTL_SECONDS = 6;

const RECONCILE_EVERY_MS = 250;

const ROTATIONS = 2;

/** S in real milliseconds. */
const BOUND_MS = (stalenessBoundSeconds(POLICY.timing) * 1000) / SPEED;

async function reconcileUntil(
  stack: RingStack,
  isReached: (report: ReconcileReport) => boolean,
  request?: RingRequest,
): Promise<ReconcileReport> {
  for (;;) {
    const report = await stack.reconcile(request);
    for (const { fault } of report.steps) expect(fault).toBeUndefined();
    if (isReached(report)) return report;
    await pause(RECONCILE_EVERY_MS);
  }
}

function firstMoves(stack: RingStack): number {
  return stack.audit.filter(({ step, result }) => step === "move_active" && result === "done").length;
}

test(
  "two rotations and a revocation: every good token is accepted, the revoked key is refused within S",
  {
    timeout: 240_000,
  },
  async () => {
    const startedAtMs = Date.now();
    const nowMs = (): number => startedAtMs - HEAD_START_MS + (Date.now() - startedAtMs) * SPEED;
    const stack = await startRingStack({ policy: POLICY, nowMs });
    onTestFinished(() => stack.close());
    const gatewayUrl = stack.gateway.url;
    const traffic = startTraffic({ gatewayUrl, source: stack.createSource(), ttlSeconds: TTL_SECONDS, everyMs: 60 });

    await reconcileUntil(stack, () => firstMoves(stack) >= ROTATIONS);
    // Until the hold of the previous key is over, so that the key which is revoked is the one that signs.
    await reconcileUntil(
      stack,
      ({ isConverged, plan }) => isConverged && plan.upcoming.every(({ what }) => what !== "drop"),
    );
    // A token that outlives the bound, so that nothing but the tombstone can end it. Its key is the one that signs now: on a
    // busy machine another rotation may be over.
    const lasting = createIssuer({ issuer: LOCAL_ISSUER, ring: stack.createSource(), maxTokenTtlSeconds: 200 });
    const witness = await lasting.sign({ sub: "user-1" }, { audience: LOCAL_AUDIENCE, ttlSeconds: 150 });
    const revoked = given(parseKid(witness.kid));

    const watch = watchToken(gatewayUrl, witness.token);
    await reconcileUntil(stack, ({ plan }) => plan.isRequestDone === true, { kind: "revoke", kid: revoked });
    const { document } = (await stack.reconcile()).observed;
    const tombstone =
      document.kind === "read" ? document.document.revoked.find(({ kid }) => kid === revoked) : undefined;
    // When the tombstone was set, on the host's clock: the document with it was composed after that.
    const revokedAtMs = startedAtMs + (given(tombstone).at * 1000 - startedAtMs + HEAD_START_MS) / SPEED;
    await pause(revokedAtMs + BOUND_MS + 1000 - Date.now());
    const seen = await watch.stop();
    await traffic.stop();

    const good = traffic.answers.filter(({ kid }) => kid !== revoked);
    const goodBefore = traffic.answers.filter(({ kid, sentAtMs }) => kid === revoked && sentAtMs < watch.startedAtMs);
    const lastAccepted = Math.max(...seen.filter(({ status }) => status === 200).map(({ sentAtMs }) => sentAtMs));
    const acceptedForMs = Math.round(lastAccepted - revokedAtMs);
    process.stdout.write(
      `${traffic.signed} tokens by ${traffic.kids.size} keys, ${traffic.answers.length} requests in ` +
        `${((Date.now() - startedAtMs) / 1000).toFixed(1)} s; ${good.filter(({ status }) => status !== 200).length} good ones refused; ` +
        `revoked key last accepted ${acceptedForMs} ms after the tombstone (S is ${Math.round(BOUND_MS)} ms)\n`,
    );

    expect(firstMoves(stack)).toBeGreaterThanOrEqual(ROTATIONS + 1);
    expect(traffic.kids.size).toBeGreaterThanOrEqual(ROTATIONS + 2);
    expect(good.length).toBeGreaterThan(1000);
    expect([...good, ...goodBefore].filter(({ status }) => status !== 200)).toEqual([]);
    expect(acceptedForMs).toBeLessThanOrEqual(BOUND_MS);
    expect(seen.filter(({ sentAtMs }) => sentAtMs > revokedAtMs + BOUND_MS).map(({ status }) => status)).toContain(401);
    const events = stack.gateway.takeEvents();
    expect(events).toContainEqual(
      expect.objectContaining({ refusal: expect.objectContaining({ code: "kid_revoked" }) }),
    );
    // The first keys have gone their whole way: out of the key set, and disabled.
    await reconcileUntil(stack, ({ observed }) => observed.generations[0]?.keyState === "Disabled");
  },
);

interface Watch {
  readonly startedAtMs: number;
  stop(): Promise<readonly Omit<Answer, "kid">[]>;
}

/** Sends one token without a pause. */
function watchToken(gatewayUrl: string, token: string): Watch {
  const answers: Omit<Answer, "kid">[] = [];
  const stopped = new AbortController();
  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      answers.push(await send(gatewayUrl, token));
      await pause(20);
    }
  }
  const running = run();
  return {
    startedAtMs: Date.now(),
    async stop() {
      stopped.abort();
      await running;
      return answers;
    },
  };
}
