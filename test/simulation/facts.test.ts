/** How long what rotators and signers go by may be missing after people have removed tags: rotators put them back, once they run. */
import { expect, test } from "vitest";
import { createBareWorld } from "./bare-world.ts";
import { createFacts } from "./facts.ts";

interface Story {
  /** Rotators go down then, in seconds; undefined: never. */
  readonly downAt: number | undefined;
  readonly downFor: number;
  readonly removedAt: number;
}

async function missingUntil({ downAt, downFor, removedAt }: Story): Promise<number> {
  const { clock, kms, kv, policy, wait } = createBareWorld();
  const facts = createFacts({ clock, kms: kms.truth, kv, policies: [policy] });
  const beginMs = clock.nowMs;
  if (downAt !== undefined)
    clock.at(beginMs + downAt * 1000, () => facts.onRotatorsDown(beginMs + (downAt + downFor) * 1000));
  clock.at(beginMs + removedAt * 1000, () => facts.onTagsRemoved());
  await wait(Math.max(removedAt, downAt ?? 0) + 1);
  let seconds = 0;
  while (facts.isMeddledWith(beginMs + seconds * 1000)) seconds++;
  return seconds - 1;
}

test.each<[string, Story, number]>([
  ["rotators run", { downAt: undefined, downFor: 0, removedAt: 100 }, 1000],
  ["rotators are down", { downAt: 50, downFor: 3000, removedAt: 100 }, 3050 + 900],
  ["rotators go down before they have put them back", { downAt: 900, downFor: 3000, removedAt: 100 }, 3900 + 900],
  ["rotators go down later", { downAt: 1001, downFor: 3000, removedAt: 100 }, 1000],
  ["rotators were down before", { downAt: 50, downFor: 40, removedAt: 100 }, 1000],
])("tags are missing: %s", async (_, story, expected) => {
  expect(await missingUntil(story)).toBe(expected);
});
