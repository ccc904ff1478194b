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
  /** By round. */
  readonly samples: readonly number[];
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
    return { name, samples: own, value: summarise(own), ratio: summarise(ratios) };
  });
}

/** Values of one subject over those of another, formed within the rounds. */
export function ratioOf(results: readonly RoundResult[], name: string, over: string): Summary {
  const below = samplesOf(results, over);
  return summarise(samplesOf(results, name).map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** By how much one subject's value is above another's, formed within the rounds. */
export function differenceOf(results: readonly RoundResult[], name: string, over: string): Summary {
  const below = samplesOf(results, over);
  return summarise(samplesOf(results, name).map((value, round) => value - (below[round] ?? Number.NaN)));
}

/** @throws TypeError when there is no such subject */
export function resultOf(results: readonly RoundResult[], name: string): RoundResult {
  const result = results.find((one) => one.name === name);
  if (result === undefined) throw new TypeError(`nothing is called ${name}`);
  return result;
}

function samplesOf(results: readonly RoundResult[], name: string): readonly number[] {
  return resultOf(results, name).samples;
}
