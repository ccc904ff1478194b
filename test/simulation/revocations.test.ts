/** Tokens are taken back while everything goes wrong: no promise breaks. Without each guard, one does. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listText } from "./bare-world.ts";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import type { CoverageReport } from "./coverage.ts";
import { createListJudge } from "./revocations-judge.ts";
import { createListAttacker } from "./revocations-deeds.ts";
import type { ListGuards } from "./revocations-guards.ts";
import { LIST_FAMILIES, drawListSchedule } from "./revocations-schedule.ts";
import { policyOf } from "./revocations-world.ts";
import { liveRevocations } from "./revocations.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

async function broken(
  seed: string,
  family: string,
): Promise<{ readonly names: readonly string[]; readonly coverage: CoverageReport }> {
  const { violations, coverage } = await liveRevocations(drawListSchedule(seed, family));
  return { names: violations.map(({ invariant }) => invariant), coverage };
}

/** The same each time; new ones are looked for by `npm run simulate -- --family lists`. */
const SEED = "every change";

describe(`a history of some families, seed ${SEED}`, () => {
  const coverage = createCoverage();
  const families = ["several rotators", "attackers", "two Regions"];

  test.each(families)("breaks no promise: %s", async (family) => {
    const lived = await broken(SEED, `lists: ${family}`);
    coverage.add(lived.coverage);
    expect(lived.names).toEqual([]);
  });

  test("have come close to the bound, from below", () => {
    const what = "taken-back token accepted after its list was read";
    const { seconds, boundSeconds } = coverage.report().worsts[what] ?? { seconds: 0, boundSeconds: 1 };
    expect(seconds / boundSeconds).toBeGreaterThan(0.6);
  });

  test("are the same again for the same seed", async () => {
    const family = "lists: calm";
    expect(await broken(SEED, family)).toEqual(await broken(SEED, family));
  });
});

describe("without", () => {
  test.each([
    ["a rev that is taken before the table is read", { revFirst: true }, "several rotators", 3, "r5 entry lost"],
    ["consistent readings", { staleSeconds: 20 }, "several rotators", 0, "r5 entry lost"],
    ["2K after exp", { twoSkews: true }, "calm", 0, "r4 entry ended before its token"],
    ["the largest timing", { largestTiming: true }, "the timing changes", 0, "r4 entry ended before its token"],
    ["the longest invocation", { longestInvocation: true }, "calm", 1, "r4 entry ended before its token"],
    ["the cut ahead", { cutAhead: true }, "calm", 0, "r1 taken-back token accepted too late"],
    ["M", { edgeMemoryTtl: true }, "calm", 0, "r1 taken-back token accepted too late"],
    ["a rev that only grows at an edge", { edgeRev: true }, "attackers", 1, "r9 rev of a list went back"],
    ["the same, for a token", { edgeRev: true }, "attackers", 8, "r2 taken-back token accepted again"],
    ["publishing", { publishing: true }, "calm", 0, "r6 revocation not published"],
    ["a deadline for the list", { listDeadline: "always" }, "a bad table", 4, "r7 withdrawal held up"],
    ["the same, after a list that was given up", { listDeadline: "later" }, "a bad table", 9, "r7 withdrawal held up"],
    ["waiting for the first list", { waitForList: true }, "calm", 5, "r3 good token refused because of the list"],
  ] as const)("%s a promise breaks", async (_guard, removed, family, first, promise) => {
    expect(await firstSeed(family, removed, promise, first)).toBeDefined();
  });

  test("the root key's signature a promise breaks", async () => {
    const { anchor } = await createListAttacker({ clock: createWorldClock() });
    expect(await firstSeed("attackers", { anchor }, "r1 taken-back token accepted too late", 7)).toBeDefined();
  });

  test("pauses between lists, or with more calls than Cloudflare allows, it is reported", () => {
    const clock = createWorldClock();
    const names: string[] = [];
    const judge = createListJudge({
      clock,
      coverage: createCoverage(),
      policy: policyOf(drawListSchedule("any", "lists: calm"), "main"),
      rings: [],
      forgetful: false,
      pauses: false,
      edgeSkewSeconds: 0,
      onViolation: ({ invariant }) => names.push(invariant),
    });
    const write = { marginMs: 0, forcedMs: 0, composedMs: 0, by: "rotator", isLate: false, process: {} } as const;
    for (const seconds of [0, 9])
      judge.onList(0, { ...write, text: listText({ rev: seconds + 1, iat: 1, exp: 2 }), putMs: seconds * 1000 });
    judge.onBlocked(1201);
    expect(names).toEqual(["r8 lists too often", "r8 lists too often"]);
  });
});

const MOST_TRIES = 8;

/** Many calls to a slow table: a reading has pages. */
const BUSY = { everySeconds: 6 };

async function firstSeed(
  family: string,
  removed: ListGuards,
  promise: string,
  first: number,
): Promise<string | undefined> {
  for (let index = first; index < first + MOST_TRIES; index++) {
    const schedule = drawListSchedule(`guards-${index}`, `lists: ${family}`);
    const lived = { ...schedule, ...(removed.listDeadline !== undefined ? BUSY : {}) };
    // Some promises break together, and the first that does ends a history.
    const { violations } = await liveRevocations(lived, removed, undefined, removed.edgeRev !== true);
    if (violations.some(({ invariant }) => invariant === promise)) return schedule.seed;
  }
  return undefined;
}

test("each family can be drawn, and no other", () => {
  for (const family of LIST_FAMILIES) expect(drawListSchedule("any", family).family).toBe(family);
  expect(() => drawListSchedule("any", "lists: none")).toThrow(TypeError);
});
