/**
 * Whether tokens can be signed: what became of the last signature, asked for by a caller or a probe. Only while that failed, or before the
 * first one, a probe signs by itself, so that recovery needs no traffic and a healthy service costs no request to KMS.
 */
import { SealgateError } from "../errors.ts";
import type { Signer, SignerSource } from "../signer.ts";
import { toSigningInput } from "../token.ts";

export interface Readiness {
  /** @returns what the last signature failed with, after trying again if that is due; undefined when it succeeded */
  check(): Promise<SealgateError | undefined>;
  /** Notes what became of a signature. */
  note(fault: SealgateError | undefined): void;
}

export interface ReadinessOptions {
  readonly source: SignerSource;
  /** Epoch milliseconds, or any other clock that does not jump. */
  readonly nowMs: () => number;
}

/** While signing fails, a probe asks KMS at most this often. */
const RETRY_AFTER_MS = 10_000;

/** A type that no verifier accepts, so that what is signed here is no token of anything. */
const PROBE_TYP = "sealgate-readiness";

export function createReadiness({ source, nowMs }: ReadinessOptions): Readiness {
  let last: { readonly fault: SealgateError | undefined } | undefined;
  let triedAtMs: number | undefined;
  let trying: Promise<SealgateError | undefined> | undefined;

  const isDue = (): boolean => triedAtMs === undefined || Math.abs(nowMs() - triedAtMs) >= RETRY_AFTER_MS;

  async function attempt(): Promise<SealgateError | undefined> {
    triedAtMs = nowMs();
    try {
      const fault = await faultOf(async () => probe(await source.current()));
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
  };
}

/** One signature, verified as each is, which leaves this process in no form. */
async function probe(signer: Signer): Promise<void> {
  await signer.sign(toSigningInput({ alg: signer.alg, kid: signer.kid, typ: PROBE_TYP }, {}));
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
