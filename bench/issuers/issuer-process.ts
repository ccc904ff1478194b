/**
 * The process whose CPU time is measured: signs as often and as many at a time as it is told, in one of the ways of ways.ts.
 */
import { createWay } from "./ways.ts";
import type { SignOne, WayOptions } from "./ways.ts";

export interface SignJob extends WayOptions {
  readonly signatures: number;
  readonly concurrency: number;
}

export interface SignResult {
  readonly cpuUs: number;
  readonly wallMs: number;
  /** Signatures that were asked for and did not come. */
  readonly failures: number;
}

/** Before the first measurement: connections are open and everything is compiled, as in a process that has run for a while. */
const WARM_UP_SIGNATURES = 200;

const signers = new Map<string, SignOne>();

process.on("message", (job: SignJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function run(job: SignJob): Promise<SignResult> {
  const sign = await signerFor(job);
  const beginMs = performance.now();
  const before = process.cpuUsage();
  const failures = await signAll(sign, job.signatures, job.concurrency);
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: user + system, wallMs: performance.now() - beginMs, failures };
}

async function signerFor(job: SignJob): Promise<SignOne> {
  const { way, alg, endpoint, maxSockets, concurrency } = job;
  const name = `${way} ${alg} ${endpoint} ${String(maxSockets)} ${String(concurrency)}`;
  const known = signers.get(name);
  if (known !== undefined) return known;
  const sign = await createWay(job);
  // Not more at once than is usual: a burst must not fail before it is counted.
  await signAll(sign, WARM_UP_SIGNATURES, Math.min(job.concurrency, WARM_UP_SIGNATURES));
  signers.set(name, sign);
  return sign;
}

/** @returns how many failed */
async function signAll(sign: SignOne, signatures: number, concurrency: number): Promise<number> {
  let started = 0;
  let failures = 0;
  const loop = async (): Promise<void> => {
    while (started < signatures) {
      started += 1;
      await sign().catch(() => (failures += 1));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return failures;
}
