/**
 * Two rotations and an emergency revocation under constant traffic: the real rotator, signers, Worker and local KV, and four consumers side
 * by side: the gateway, `createVerifier` and `sealgate/jose` with its signed key set, and jose with its plain JWK Set. The first three refuse
 * no good token, and each is shown how long it accepts the withdrawn key, beside what is stated.
 *
 * The clock of KMS, rotator and signers runs faster than the consumers', which is the host's. So all their waits are shorter by
 * that factor, and have to be long enough all the same: a copy in a consumer's memory gets as old as it does in real time.
 */
import { expect, onTestFinished, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { ReconcileReport, RingRequest } from "../../../issuer/key-ring/index.ts";
import { parseKid } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import type { GatewayEvent } from "../../local-stack/gateway.ts";
import { startRingStack } from "../../local-stack/ring-stack.ts";
import type { RingStack } from "../../local-stack/ring-stack.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import { given } from "../../support/values.ts";
import { gatewayAt, plainJoseOf, ringJoseOf, verifierOf } from "./consumers.ts";
import type { Consumer } from "./consumers.ts";
import { askAll, pause, startTraffic } from "./traffic.ts";
import type { Answer } from "./traffic.ts";

/** Seconds of the rotator in one of the host's. */
const SPEED = 30;

/** The fast clock starts so far in the past that no document of the test is ever issued in a consumer's future. */
const HEAD_START_MS = 3600 * 1000;

/** In the rotator's seconds, hence a thirtieth of it in real time: S 3.7 s, lead 5.8 s, hold 8.1 s and G 2 s. */
const POLICY = {
  rotateEverySeconds: 3600,
  reconcileEverySeconds: 10,
  composeDeadlineSeconds: 60,
  publishDeadlineSeconds: 20,
  kvSpreadSeconds: 1,
  downstreamCacheSeconds: 60,
  kmsConsistencySeconds: 0,
  timing: {
    kvPropagationSeconds: 81,
    kvCacheTtlSeconds: 30,
    // The consumers obey this one in real time: a second, which is 30 of the rotator's.
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

/** S and P in real milliseconds. */
const S_MS = (stalenessBoundSeconds(POLICY.timing) * 1000) / SPEED;
const P_MS = (POLICY.downstreamCacheSeconds * 1000) / SPEED;
const M_MS = POLICY.timing.memoryTtlSeconds * 1000;

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

/** `ring rotate`, again until the next key may sign. */
async function rotate(stack: RingStack): Promise<void> {
  const { observed } = await stack.reconcile();
  const from = given(observed.active?.generation);
  await reconcileUntil(stack, ({ plan }) => plan.isRequestDone === true, { kind: "rotate", from });
}

test(
  "two rotations and a revocation: no good token is refused, and the revoked key is within each consumer's bound",
  { timeout: 240_000 },
  async () => {
    const startedAtMs = Date.now();
    const nowMs = (): number => startedAtMs - HEAD_START_MS + (Date.now() - startedAtMs) * SPEED;
    const stack = await startRingStack({ policy: POLICY, nowMs });
    onTestFinished(() => stack.close());
    const { gateway, trustAnchors } = stack;
    const followers = [
      gatewayAt(gateway.url),
      verifierOf(gateway.url, trustAnchors),
      ringJoseOf(gateway.url, trustAnchors),
    ];
    const consumers = [...followers, plainJoseOf(gateway.url, P_MS)];
    const traffic = startTraffic({ consumers, source: stack.createSource(), ttlSeconds: TTL_SECONDS, everyMs: 300 });

    const signWith = (keys: number): Promise<unknown> => reconcileUntil(stack, () => traffic.kids.size >= keys);
    for (let done = 1; done <= ROTATIONS; done += 1) {
      await rotate(stack);
      // A signer follows within G. A key that was withdrawn before would have signed nothing.
      await signWith(1 + done);
    }
    // A token that outlives the bounds, so that nothing but the tombstone can end it.
    const lasting = createIssuer({ issuer: LOCAL_ISSUER, ring: stack.createSource(), maxTokenTtlSeconds: 200 });
    const witness = await lasting.sign({ sub: "user-1" }, { audience: LOCAL_AUDIENCE, ttlSeconds: 150 });
    const revoked = given(parseKid(witness.kid));
    const watch = watchToken(consumers, witness.token, witness.kid);
    await watch.isSeen(200);
    const revokingAtMs = Date.now();
    const report = await reconcileUntil(stack, ({ plan }) => plan.isRequestDone === true, {
      kind: "revoke",
      kid: revoked,
    });
    const publishedAtMs = Date.now();
    await watch.isSeen(401);
    const seen = await watch.stop();
    await signWith(2 + ROTATIONS);
    await traffic.stop();

    const { document } = report.observed;
    if (document.kind !== "read") throw new TypeError("the rotator has not read its document back");
    const tombstone = given(document.document.revoked.find(({ kid }) => kid === revoked));
    // When the tombstone was set, on the host's clock: the document with it was composed after that.
    const revokedAtMs = startedAtMs + (tombstone.at * 1000 - startedAtMs + HEAD_START_MS) / SPEED;
    const good = traffic.answers.filter(({ kid, askedAtMs }) => kid !== revoked || askedAtMs < revokingAtMs);
    const stated = [S_MS, S_MS + M_MS, S_MS + M_MS, S_MS + P_MS];
    const rows = consumers.map(({ name }, index) => {
      const of = (answers: readonly Answer[]): readonly Answer[] => answers.filter(({ consumer }) => consumer === name);
      const goodOnes = of(good);
      const refused = goodOnes.filter(({ status }) => status !== 200).length;
      const acceptedForMs =
        Math.max(
          ...of(seen)
            .filter(isAccepted)
            .map(({ askedAtMs }) => askedAtMs),
        ) - revokedAtMs;
      return `${name}: ${refused} of ${goodOnes.length} good ones refused; the revoked key accepted for ${acceptedForMs.toFixed(0)} ms, stated ${given(stated[index]).toFixed(0)} ms`;
    });
    const seconds = (Date.now() - startedAtMs) / 1000;
    process.stdout.write(
      `${[`${traffic.signed} tokens by ${traffic.kids.size} keys in ${seconds.toFixed(1)} s`, ...rows].join("\n")}\n`,
    );

    expect(traffic.kids.size).toBe(ROTATIONS + 2);
    expect(traffic.lastKid).not.toBe(revoked);
    const names = followers.map(({ name }) => name);
    expect(good.filter(({ consumer }) => names.includes(consumer)).length).toBeGreaterThan(300);
    expect(good.filter(({ consumer, status }) => names.includes(consumer) && status !== 200)).toEqual([]);
    // Once a follower has refused the key, it never accepts it again.
    for (const name of names) {
      const statuses = seen.filter(({ consumer }) => consumer === name).map(({ status }) => status);
      expect(statuses.slice(statuses.indexOf(401)).filter((status) => status !== 401)).toEqual([]);
    }
    // The bounds, from the publication on and by the age of what was held, so that a busy machine cannot break them.
    const events = gateway.takeEvents();
    expect(events).toContainEqual(
      expect.objectContaining({ refusal: expect.objectContaining({ code: "kid_revoked" }) }),
    );
    const unaware = answeredUnaware(events, document.document.rev);
    const acceptedLate = seen.filter((answer) => isAccepted(answer) && answer.askedAtMs >= publishedAtMs + M_MS);
    expect(acceptedLate.filter(({ requestId }) => requestId && unaware.has(requestId))).toEqual([]);
    const acceptedLater = acceptedLate.filter(({ askedAtMs }) => askedAtMs >= publishedAtMs + 2 * M_MS);
    expect(acceptedLater.filter(({ isConfirmed }) => isConfirmed)).toEqual([]);
  },
);

function isAccepted({ status }: Answer): boolean {
  return status === 200;
}

/** The requests that the gateway has answered with a key set that KV had confirmed within M, and that was older than `rev`. */
function answeredUnaware(events: readonly GatewayEvent[], rev: number): ReadonlySet<unknown> {
  const unaware = events.filter(({ keySet }) => {
    const held: object = typeof keySet === "object" && keySet !== null ? keySet : {};
    return Reflect.get(held, "source") === "memory" && Number(Reflect.get(held, "rev")) < rev;
  });
  return new Set(unaware.map(({ requestId }) => requestId));
}

interface Watch {
  /** Every consumer has given this verdict at least once. */
  isSeen(status: number): Promise<void>;
  stop(): Promise<readonly Answer[]>;
}

/** Shows one token to all consumers without a pause. */
function watchToken(consumers: readonly Consumer[], token: string, kid: string): Watch {
  const answers: Answer[] = [];
  const stopped = new AbortController();
  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      answers.push(...(await askAll(consumers, token, kid)));
      await pause(50);
    }
  }
  const running = run();
  return {
    async isSeen(status) {
      const hasSaid = ({ name }: Consumer): boolean =>
        answers.some((answer) => answer.consumer === name && answer.status === status);
      while (!consumers.every(hasSaid)) await pause(50);
    },
    async stop() {
      stopped.abort();
      await running;
      return answers;
    },
  };
}
