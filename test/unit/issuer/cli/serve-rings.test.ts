/** What `serve` tells of its rings while it runs. */
import { expect, test } from "vitest";
import { tendRings } from "../../../../issuer/cli/serve-rings.ts";
import type { RingHealth, Rings } from "../../../../issuer/rings.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { testIo } from "./support.ts";

const MAIN = given(parseRingName("main"));

test("each change of a ring's state is one line of JSON, and rings are tended until Ctrl-C", async () => {
  const ready: RingHealth = { ring: MAIN, state: "ready", fault: undefined };
  const failing: RingHealth = {
    ring: MAIN,
    state: "failing",
    fault: { code: "kms_unreachable", message: "KMS cannot be reached." },
  };
  const states = [ready, ready, failing, failing, ready];
  let looks = 0;
  let tended = 0;
  const rings: Rings = {
    health: () => [given(states[looks++])],
    tend: () => void (tended += 1),
    check: () => Promise.reject(new Error("nothing was said of checking")),
    use: () => Promise.reject(new Error("nothing was said of signing")),
  };
  const ctrlC = new AbortController();
  const lines: string[] = [];
  const io = testIo({
    err: (text) => void lines.push(text),
    nowMs: () => 1_800_000_000_000,
    interrupted: ctrlC.signal,
    sleep: async () => {
      if (looks === states.length) ctrlC.abort();
    },
  });
  await tendRings(io, rings);
  expect(lines.map(jsonObject)).toMatchObject([
    { ring: { ring: "main", state: "ready", time: "2027-01-15T08:00:00.000Z" } },
    { ring: { ring: "main", state: "failing", code: "kms_unreachable", message: "KMS cannot be reached." } },
    { ring: { ring: "main", state: "ready" } },
  ]);
  expect(tended).toBe(states.length);
});
