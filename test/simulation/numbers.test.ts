/** A number that is given twice is reported, but where people took its alias away before KMS had to show whose it is. */
import { expect, test } from "vitest";
import { createJudgedWorld } from "./bare-world.ts";

interface Story {
  /** When the key gets the tag with its kid, in seconds; undefined: never. */
  readonly taggedAtSeconds: number | undefined;
  readonly isRemoved: boolean;
  readonly givenAtSeconds: number;
  /** The other key gets the number, or the same key another one. */
  readonly what: "other key" | "other number" | "same key";
}

async function reportsOf({ taggedAtSeconds, isRemoved, givenAtSeconds, what }: Story): Promise<readonly string[]> {
  const { clock, kms, aliases, wait, judge, rotator, createKey } = createJudgedWorld();
  const [first, second] = [await createKey(), await createKey()];
  await wait(600);
  await rotator.createAlias(aliases.generation(4), first);
  const tag = (): Promise<void> => rotator.tagKey(first, { "sealgate:kid": "kid" });
  if (taggedAtSeconds !== undefined) clock.at(clock.nowMs + taggedAtSeconds * 1000, () => void tag());
  await wait(givenAtSeconds);
  if (isRemoved) kms.hands.removeAlias(aliases.generation(4));
  await rotator.createAlias(aliases.generation(what === "other number" ? 5 : 4), what === "other key" ? second : first);
  return judge.violations.map(({ invariant }) => invariant);
}

const REPORTED = ["4 kid, key or algorithm changed"];

test.each<[string, Story, readonly string[]]>([
  ["300 s after the tag", { taggedAtSeconds: 60, isRemoved: true, givenAtSeconds: 360, what: "other key" }, REPORTED],
  ["sooner", { taggedAtSeconds: 60, isRemoved: true, givenAtSeconds: 359, what: "other key" }, []],
  ["without a tag", { taggedAtSeconds: undefined, isRemoved: true, givenAtSeconds: 3000, what: "other key" }, []],
  ["to the same key", { taggedAtSeconds: 60, isRemoved: true, givenAtSeconds: 900, what: "same key" }, []],
  ["a second number", { taggedAtSeconds: 60, isRemoved: true, givenAtSeconds: 61, what: "other number" }, REPORTED],
  ["with its alias", { taggedAtSeconds: 60, isRemoved: false, givenAtSeconds: 61, what: "other number" }, REPORTED],
])("a number is given again: %s", async (_, story, expected) => {
  expect(await reportsOf(story)).toEqual(expected);
});

test.each([
  ["whose number has gone to another one", true, []],
  ["whose number is free", false, ["7 key without an alias"]],
])("a key without an alias at rest: one %s", async (_, isGiven, expected) => {
  const { kms, aliases, wait, judge, rotator, createKey } = createJudgedWorld();
  const [first, second] = [await createKey({ "sealgate:managed": "true" }), await createKey()];
  await rotator.createAlias(aliases.generation(4), first);
  kms.hands.removeAlias(aliases.generation(4));
  if (isGiven) await rotator.createAlias(aliases.generation(4), second);
  await wait(10_000);
  judge.atRest();
  expect(judge.violations.map(({ invariant }) => invariant).filter((one) => one.startsWith("7"))).toEqual(expected);
});
