/** A world without hosts: a test does in it what rotators and people would do, and shows it to a judge. */
import { START_MS, createWorldClock } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createJudge } from "./invariants.ts";
import type { Judge } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import type { KmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import type { KvModel } from "./kv-model.ts";
import { LETTERS, policyWith } from "./policies.ts";
import { aliasesOf } from "./ports.ts";
import type { Kms, RingPolicy } from "./ports.ts";
import { createRng } from "./rng.ts";
import type { Run } from "./rotator.ts";
import { policyOf } from "./world.ts";

interface PublishedHead {
  readonly iat?: number;
  readonly exp?: number;
  readonly rev?: number;
}

export interface BareWorld {
  readonly clock: WorldClock;
  readonly kms: KmsModel;
  readonly kv: KvModel;
  readonly policy: RingPolicy;
  readonly aliases: ReturnType<typeof aliasesOf>;
  /** A rotator's key set, composed and put now. It lists these keys under their ARNs. Its `rev` is the next one unless it is given. */
  readonly publish: (keyArns: readonly string[], head?: PublishedHead) => void;
  readonly wait: (seconds: number) => Promise<void>;
}

/** The same, watched by the judge of a ring. KMS shows the truth at once. */
export interface JudgedWorld extends BareWorld {
  readonly judge: Judge;
  readonly rotator: Kms;
  readonly person: Kms;
  /** A key that a rotator makes. */
  readonly createKey: (tags?: Readonly<Record<string, string>>) => Promise<string>;
}

/** What a run was like in which everything has answered. */
export const CALM_RUN: Omit<Run, "begunMs" | "endedMs"> = {
  isKmsCalm: true,
  isStoreCalm: true,
  isListCalm: true,
  listMs: undefined,
};

export function createBareWorld(): BareWorld {
  const { W, C, M, K, L } = LETTERS;
  const policy = policyOf(policyWith(LETTERS));
  const clock = createWorldClock();
  const kms = createKmsModel(clock, 0);
  const marginMs = W * 1000;
  const kv = createKvModel({ clock, rng: createRng("kv"), locations: [], marginMs, propagationFactor: 1, apiLagMs: 0 });
  const timing = { kv_cache_ttl: C, memory_ttl: M, clock_skew: K, max_token_ttl: L };
  return {
    clock,
    kms,
    kv,
    policy,
    aliases: aliasesOf(policy),
    publish: (keyArns, head) => {
      const keys = keyArns.map((keyArn) => ({ kid: keyArn, x: kms.truth.keys.get(keyArn)?.material.x }));
      const payload = JSON.stringify({ keys, revoked: [], timing, rev: kv.writes.length, ...head });
      kv.put(`.${Buffer.from(payload).toString("base64url")}.`, { composedMs: clock.nowMs, marginMs });
    },
    wait: (seconds) => clock.runUntil(clock.nowMs + seconds * 1000, () => false),
  };
}

export function createJudgedWorld(): JudgedWorld {
  const world = createBareWorld();
  const { clock, kms, kv, policy } = world;
  const judge = createJudge({
    clock,
    kms: kms.truth,
    kv,
    coverage: createCoverage(),
    policies: [policy],
    rotatorEverySeconds: 60,
    startMs: START_MS,
  });
  kms.truth.onChange((change) => judge.onKms(change));
  kv.onWrite((write) => judge.onWrite(write));
  const rotator = kms.client(() => 0, "rotator");
  return {
    ...world,
    judge,
    rotator,
    person: kms.client(() => 0, "person"),
    createKey: async (tags = {}) =>
      (await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags })).keyArn,
  };
}

/** A rotator's list that names nothing. */
export function listText(head: { readonly rev: number; readonly iat: number; readonly exp: number }): string {
  const counts = { jti: 0, sid: 0, sub: 0 };
  const payload = JSON.stringify({ iss: "https://auth.example.com", ring: "main", ...head, sha256: "", counts });
  return `.${Buffer.from(payload).toString("base64url")}.\n`;
}
