/** What a command says while it waits, at a terminal and elsewhere. */
import { expect, test } from "vitest";
import { createProgress } from "../../../../issuer/cli/progress.ts";
import type { Progress } from "../../../../issuer/cli/progress.ts";
import { addSeconds } from "../../../../shared/identifiers.ts";
import { START } from "../../../support/observed-ring.ts";
import { testIo } from "./support.ts";

interface Watched {
  readonly progress: Progress;
  readonly written: string[];
  readonly slept: number[];
}

function watch(stderrIsTerminal: boolean): Watched {
  const [written, slept]: [string[], number[]] = [[], []];
  const io = testIo({
    stderrIsTerminal,
    err: (text) => void written.push(text),
    sleep: async (ms) => void slept.push(ms),
  });
  return { progress: createProgress(io), written, slept };
}

const WAIT = { why: "The key is not known yet.", notBefore: addSeconds(START, 65), now: START, seconds: 3 };

test("elsewhere: a line for each new reason, however often it looks", async () => {
  const { progress, written, slept } = watch(false);
  await progress.wait(WAIT);
  await progress.wait({ ...WAIT, now: addSeconds(START, 3) });
  await progress.wait({ ...WAIT, why: "until it can be seen to be done", notBefore: undefined });
  progress.end();
  expect(written).toEqual([
    "waiting: The key is not known yet. Safe from 2027-01-15T08:01:05Z (in 1 min 5 s).\n",
    "waiting: until it can be seen to be done\n",
  ]);
  expect(slept).toEqual([3000, 3000, 3000]);
});

test("at a terminal: the reason once, and below it a bar that fills and is cleared", async () => {
  const { progress, written, slept } = watch(true);
  await progress.wait(WAIT);
  progress.end();
  await progress.wait({ ...WAIT, now: addSeconds(START, 39), seconds: 1 });
  const clear = "\r\u001B[2K";
  expect(written).toEqual([
    clear,
    "waiting: The key is not known yet. Safe from 2027-01-15T08:01:05Z (in 1 min 5 s).\n",
    `${clear}[------------------------------] 1 min 5 s left`,
    `${clear}[------------------------------] 1 min 4 s left`,
    `${clear}[------------------------------] 1 min 3 s left`,
    clear,
    `${clear}[##################------------] 26 s left`,
  ]);
  expect(slept).toEqual([1000, 1000, 1000, 1000]);
  // A line that wraps could not be cleared.
  const bars = written.filter((line) => !line.endsWith("\n"));
  expect(Math.max(...bars.map((line) => line.length))).toBeLessThan(80 + clear.length);
});

test("at a terminal, without a known end: since when it waits", async () => {
  const { progress, written } = watch(true);
  await progress.wait({ ...WAIT, why: "until it can be seen to be done", notBefore: undefined, seconds: 2 });
  expect(written.slice(1).map((line) => line.replace("\r\u001B[2K", ""))).toEqual([
    "waiting: until it can be seen to be done\n",
    "for 0 s",
    "for 1 s",
  ]);
});
