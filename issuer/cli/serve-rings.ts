/** What `serve` does about several rings besides signing: keeps them looked-up while nothing is asked, and tells of changes. */
import type { RingHealth, Rings } from "../rings.ts";
import type { CliIo } from "./io.ts";

/** Twice for each time that a signer looks at its ring. */
const TEND_EVERY_MS = 5000;

/** Until Ctrl-C. Each change of a ring's state is a line of JSON on stderr. */
export async function tendRings(io: CliIo, rings: Rings): Promise<void> {
  const told = new Map<string, string>();
  while (!io.interrupted.aborted) {
    for (const health of rings.health()) {
      const state = `${health.state} ${health.fault?.code ?? ""}`;
      if (told.get(health.ring) !== state) io.err(`${JSON.stringify({ ring: entryOf(health, io.nowMs()) })}\n`);
      told.set(health.ring, state);
    }
    await io.sleep(TEND_EVERY_MS, io.interrupted);
    rings.tend();
  }
}

function entryOf({ ring, state, fault }: RingHealth, nowMs: number): object {
  return { time: new Date(nowMs).toISOString(), ring, state, code: fault?.code, message: fault?.message };
}
