/**
 * Interleaved rounds: every subject is measured once per round, in an order that turns, so that a machine that gets slower
 * or busier slows all of them. Ratios are formed within a round and only then boiled down.
 */
import { summarise } from "./stats.ts";
import type { Summary } from "./stats.ts";

export interface Subject {
  readonly name: string;
  /** One measurement; any unit, smaller is better. */
  measure(): Promise<number>;
}

export interface RoundResult {
  readonly name: string;
  readonly value: Summary;
  /** This subject's value over the reference's value of the same round. */
  readonly ratio: Summary;
}

/**
 * @param reference the subject that ratios are formed to; it is measured in every round like the others
 * @param rounds how many are kept; one more is run first and thrown away
 */
export async function interleave(
  subjects: readonly Subject[],
  reference: string,
  rounds: number,
): Promise<readonly RoundResult[]> {
  const values = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const subject = subjects[(turn + round + 1) % subjects.length];
      const value = await subject?.measure();
      if (round >= 0 && subject !== undefined && value !== undefined) values.get(subject.name)?.push(value);
    }
  }
  const base = values.get(reference);
  if (base === undefined) throw new TypeError("the reference is not among the subjects");
  return subjects.map(({ name }) => {
    const own = values.get(name) ?? [];
    const ratios = own.map((value, round) => value / (base[round] ?? Number.NaN));
    return { name, value: summarise(own), ratio: summarise(ratios) };
  });
}
