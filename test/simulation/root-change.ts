/**
 * The change of the root key as the runbook says: prepare, pin both, switch, wait until the previous one is needed no more,
 * pin the next one alone, retire. The steps are asked of the rotators; whether it is time to retire is asked with a dry run,
 * by somebody who may see the past of KMS and of KV like everybody else.
 */
import { aliasesOf, createRotator as createRealRotator } from "./ports.ts";
import type { Kms, RingPolicy, RingRequest } from "./ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Removed } from "./guards.ts";
import { createHostClock } from "./host.ts";
import type { KmsTruth } from "./kms-model.ts";
import type { KvModel } from "./kv-model.ts";
import type { Rng } from "./rng.ts";
import type { Rotator } from "./rotator.ts";

export interface RootChangeOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  /** KMS as the operator sees it. */
  readonly kms: Kms;
  readonly truth: KmsTruth;
  readonly kv: KvModel;
  readonly policy: RingPolicy;
  readonly rotators: readonly Rotator[];
  readonly removed: Removed;
  /** Deploys every edge anew with these root keys, by ARN, pinned. */
  readonly pin: (keyArns: readonly string[]) => Promise<void>;
}

/** An operator looks again so often, and gives up after so long. */
const LOOK_SECONDS = 15;
const PATIENCE_SECONDS = 3600;

export async function changeRoot(options: RootChangeOptions): Promise<void> {
  const { clock, rng, coverage, truth, policy, rotators, removed, pin } = options;
  const aliases = aliasesOf(policy);
  const previous = truth.target(aliases.root);
  if (previous === undefined) return;
  /** Asks again when the one who was asked has given up. */
  const ask = async (request: RingRequest, isDone: () => boolean): Promise<boolean> =>
    until(clock, isDone, () => rng.pick(rotators).ask({ request }));

  const nextArn = (): string | undefined => truth.target(aliases.numberedRoot(2));
  if (!(await ask({ kind: "root_prepare", from: previous }, () => nextArn() !== undefined))) return;
  const next = nextArn();
  if (next === undefined) return;
  await pin([previous, next]);
  await clock.sleep(rng.between(10, 300) * 1000);
  if (!(await ask({ kind: "root_switch", from: previous }, () => truth.target(aliases.root) === next))) return;
  coverage.count("root keys switched");
  for (let waited = 0; removed.rootHold !== true && !(await mayRetire(options)); waited += LOOK_SECONDS) {
    if (waited > PATIENCE_SECONDS) return;
    await clock.sleep(LOOK_SECONDS * 1000);
  }
  await pin([next]);
  await clock.sleep(rng.between(10, 300) * 1000);
  if (await ask({ kind: "root_retire" }, () => truth.state(previous) === "Disabled"))
    coverage.count("root keys retired");
}

/** Asks every ten minutes until it is done, and then no more: a second change is none of the runbook's. */
async function until(clock: WorldClock, isDone: () => boolean, ask: () => () => void): Promise<boolean> {
  let takeBack = (): void => {};
  for (let waited = 0; waited < PATIENCE_SECONDS && !isDone(); waited += LOOK_SECONDS) {
    if (waited % 600 === 0) {
      takeBack();
      takeBack = ask();
    }
    await clock.sleep(LOOK_SECONDS * 1000);
  }
  takeBack();
  return isDone();
}

/** `sealgate ring anchors --retire --dry-run` has found something to do. */
async function mayRetire({ clock, rng, kms, kv, policy }: RootChangeOptions): Promise<boolean> {
  const publisher = {
    read: async (): Promise<string | undefined> => kv.readApi(),
    publish: (): Promise<never> => Promise.reject(new TypeError("a dry run publishes nothing")),
  };
  const hostClock = createHostClock(clock, () => 0);
  try {
    const rotator = createRealRotator({ kms, publisher, clock: hostClock, random: () => rng.next() });
    return (await rotator.dryRun(policy, { request: { kind: "root_retire" } })).includes("disable_key: root_retired");
  } catch {
    // KMS or KV does not answer; a person tries again.
    return false;
  }
}
