/**
 * Batches: a running contender is asked for many verifications in one request, and the CPU time of its process is read
 * before and after.
 */
import type { CpuClock } from "./cpu.ts";
import type { Subject } from "./rounds.ts";

export interface BatchTarget {
  readonly name: string;
  readonly url: string;
  /** How many tokens it was given. */
  readonly tokens: number;
}

/** Hands the tokens over; a contender keeps them until the next call. */
export async function loadTokens(url: string, tokens: readonly string[]): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: JSON.stringify(tokens) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the contender did not take the tokens: ${String(response.status)}`);
}

/** One request with a bearer token: true when the contender lets it pass. */
export async function isAccepted(url: string, token: string): Promise<boolean> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status === 204;
}

/** @throws unless every verification of the batch came out good: a fast refusal must not pass for a fast check. */
export async function runBatch(url: string, count: number): Promise<void> {
  const response = await fetch(`${url}/?count=${String(count)}`);
  const text = await response.text();
  const body: unknown = response.ok ? JSON.parse(text) : undefined;
  const isGood = typeof body === "object" && body !== null && "good" in body && body.good === count;
  if (!isGood) throw new Error(`a batch went wrong: ${text.slice(0, 300)}`);
}

/**
 * A subject whose measurement is CPU microseconds per verification.
 * @param targetCpuUs how much CPU time one batch should take; the number of verifications is found by doubling
 */
export async function batchSubject(target: BatchTarget, clock: CpuClock, targetCpuUs: number): Promise<Subject> {
  const measure = async (count: number): Promise<number> => {
    const before = clock.read();
    await runBatch(target.url, count);
    return clock.read() - before;
  };
  // Once through all tokens first: code gets warm, and whatever remembers tokens has seen them.
  await runBatch(target.url, target.tokens);
  let count = 16;
  let used = await measure(count);
  while (used < targetCpuUs / 4 && count < 2 ** 22) {
    count *= used < targetCpuUs / 16 ? 4 : 2;
    used = await measure(count);
  }
  const perBatch = Math.max(16, Math.round((count * targetCpuUs) / used));
  return { name: target.name, measure: async () => (await measure(perBatch)) / perBatch };
}
