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
  await signAll(sign, job.signatures, job.concurrency);
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: user + system, wallMs: performance.now() - beginMs };
}

async function signerFor(job: SignJob): Promise<SignOne> {
  const { way, alg, endpoint, maxSockets, concurrency } = job;
  const name = `${way} ${alg} ${endpoint} ${String(maxSockets)} ${String(concurrency)}`;
  const known = signers.get(name);
  if (known !== undefined) return known;
  const sign = await createWay(job);
  await signAll(sign, WARM_UP_SIGNATURES, job.concurrency);
  signers.set(name, sign);
  return sign;
}

async function signAll(sign: SignOne, signatures: number, concurrency: number): Promise<void> {
  let started = 0;
  const loop = async (): Promise<void> => {
    while (started < signatures) {
      started += 1;
      await sign();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}
