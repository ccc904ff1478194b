/** Promise r3: a 503 for want of a list is excused only by what happened to KV, or where no rotator could renew the list. */
import { describe, expect, test } from "vitest";
import { CALM_RUN, createBareWorld, listText } from "./bare-world.ts";
import { START_MS } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { LETTERS } from "./policies.ts";
import { createListJudge } from "./revocations-judge.ts";
import { createRng } from "./rng.ts";
import { createTableModel } from "./table-model.ts";

const { W, C, M, K } = LETTERS;
const S = W + C + M;
const LIFE = 3600;

interface Story {
  readonly askedAtSeconds: number;
  readonly isKvAnswering?: boolean;
  /** When someone else has written to the list's entry, and when a rotator has repaired it. */
  readonly strickenAtSeconds?: number;
  readonly repairedAtSeconds?: number;
  readonly ranAtSeconds?: number;
  readonly isListCalm?: boolean;
}

/** A list that is published at the start, and a good token that is answered 503. */
async function reportsOf({ askedAtSeconds, isKvAnswering = true, ...story }: Story): Promise<readonly string[]> {
  const { clock, kms, kv: lists, policy } = createBareWorld();
  const kv = createBareWorld().kv;
  const coverage = createCoverage();
  const table = createTableModel("main", { clock, rng: createRng("table"), coverage });
  const names: string[] = [];
  const judge = createListJudge({
    clock,
    coverage,
    policy,
    rings: [{ kms: kms.truth, kv, lists, table }],
    forgetful: false,
    pauses: false,
    edgeSkewSeconds: 0,
    onViolation: ({ invariant }) => names.push(invariant),
  });
  const at = (seconds: number | undefined, work: () => void): void => {
    if (seconds !== undefined) clock.at(START_MS + seconds * 1000, work);
  };
  const publish = (rev: number): void => {
    const iat = clock.nowMs / 1000;
    lists.put(listText({ rev, iat, exp: iat + LIFE }), { composedMs: clock.nowMs, marginMs: W * 1000 });
  };
  publish(1);
  at(story.strickenAtSeconds, () => lists.put("garbage"));
  at(story.repairedAtSeconds, () => publish(2));
  at(story.ranAtSeconds, () => {
    const run = { ...CALM_RUN, isListCalm: story.isListCalm ?? true, begunMs: clock.nowMs, endedMs: clock.nowMs };
    judge.onRun(0, run);
  });
  const atMs = START_MS + askedAtSeconds * 1000;
  await clock.runUntil(atMs, () => false);
  const ids = { jti: "a", sid: "b", sub: "c" };
  const life = { iat: atMs / 1000, askedMs: atMs, issuedMs: atMs, fromMs: atMs, untilMs: atMs + 60_000 };
  const token = { token: "", ring: 0, kid: "", ids, ...life, expMs: atMs + 60_000 };
  const answer = { code: "revocations_unavailable", isKvAnswering, listRev: undefined, ring: 0, atMs };
  const isolate = { location: 0, highestList: new Map(), request: never, open: never };
  judge.onAnswer(token, answer, isolate);
  return names;
}

function never(): never {
  throw new TypeError("no isolate is asked");
}

const REPORTED = ["r3 good token refused because of the list"];
const LATE = LIFE - K + 1;

describe("a 503 is", () => {
  test.each<[string, Story]>([
    ["KV did not answer", { askedAtSeconds: 600, isKvAnswering: false }],
    ["KV holds what no rotator has published", { askedAtSeconds: 600, strickenAtSeconds: 500 }],
    ["less than S has passed", { askedAtSeconds: 560 + S - 1, strickenAtSeconds: 500, repairedAtSeconds: 560 }],
    ["no rotator ran", { askedAtSeconds: LATE }],
    ["one ran before the half-life", { askedAtSeconds: LATE, ranAtSeconds: LIFE / 2 }],
    ["one ran less than S before the end", { askedAtSeconds: LATE, ranAtSeconds: LIFE - S }],
    [
      "the table did not answer, or the list had to wait",
      { askedAtSeconds: LATE, ranAtSeconds: LIFE / 2 + 1, isListCalm: false },
    ],
  ])("excused: %s", async (_, story) => {
    expect(await reportsOf(story)).toEqual([]);
  });

  test.each<[string, Story]>([
    ["all was well", { askedAtSeconds: 600 }],
    ["S has passed since the repair", { askedAtSeconds: 560 + S, strickenAtSeconds: 500, repairedAtSeconds: 560 }],
    ["the list lives, by any clock", { askedAtSeconds: LATE - 1 }],
    ["a run could have renewed it", { askedAtSeconds: LATE, ranAtSeconds: LIFE / 2 + 1 }],
    ["a run could have renewed it at last", { askedAtSeconds: LATE, ranAtSeconds: LIFE - S - 1 }],
  ])("reported: %s", async (_, story) => {
    expect(await reportsOf(story)).toEqual(REPORTED);
  });
});
