/**
 * Whether tokens can be signed: what became of the last signature, asked for by a caller or a probe. Only while that failed, or before the
 * first one, a probe signs by itself, so that recovery needs no traffic and a healthy service costs no request to KMS.
 */
import { SealgateError } from "../errors.ts";
import { probeSigner } from "../probe.ts";
import type { RingHealth } from "../rings.ts";
import type { SignerPool } from "../signer.ts";

export interface Readiness {
  /** @returns what the last signature failed with, after trying again if that is due; undefined when it succeeded */
  check(): Promise<SealgateError | undefined>;
  /** Notes what became of a signature. */
  note(fault: SealgateError | undefined): void;
  /** How each of several rings stands; empty without several. */
  rings(): readonly RingHealth[];
}

export interface ReadinessOptions {
  readonly signers: SignerPool;
  /** Of several rings. */
  readonly rings?: () => readonly RingHealth[];
  /** Epoch milliseconds, or any other clock that does not jump. */
  readonly nowMs: () => number;
}

/** While signing fails, a probe asks KMS at most this often. */
const RETRY_AFTER_MS = 10_000;

export function createReadiness({ signers, nowMs, rings = () => [] }: ReadinessOptions): Readiness {
  let last: { readonly fault: SealgateError | undefined } | undefined;
  let triedAtMs: number | undefined;
  let trying: Promise<SealgateError | undefined> | undefined;

  const isDue = (): boolean => triedAtMs === undefined || Math.abs(nowMs() - triedAtMs) >= RETRY_AFTER_MS;

  async function attempt(): Promise<SealgateError | undefined> {
    triedAtMs = nowMs();
    try {
      const fault = await faultOf(() => signers.use(probeSigner));
      last = { fault };
      return fault;
    } finally {
      trying = undefined;
    }
  }

  return {
    async check() {
      if (last !== undefined && (last.fault === undefined || !isDue())) return last.fault;
      trying ??= attempt();
      return trying;
    },
    note(fault) {
      last = { fault };
    },
    rings,
  };
}

async function faultOf(work: () => Promise<void>): Promise<SealgateError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof SealgateError) return error;
    throw error;
  }
}
