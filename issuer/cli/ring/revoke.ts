/** `sealgate ring revoke`: withdraws a key, once a person has confirmed it, and says by when every edge refuses its tokens. */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import { addSeconds, parseKid } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import { deriveState, liveDocument } from "../../key-ring/index.ts";
import type { ObservedRing } from "../../key-ring/index.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { createRingContext } from "./context.ts";
import type { RingContext, RingOptions } from "./context.ts";
import { describeStep } from "./describe.ts";
import { describeDistance, describeTime } from "../../words/time.ts";
import { exitCodeOfRun, printRun, runRing, runToJson } from "./run.ts";
import type { RingRun } from "./run.ts";

export interface RevokeOptions extends RingOptions {
  readonly yes?: boolean;
}

/** By when the tombstone has done its work. */
interface Bound {
  /** S: propagation, KV's cache and the memory of isolates. */
  readonly seconds: number;
  /** When the document with the tombstone was composed, at the latest. */
  readonly publishedAt: EpochSeconds;
  /** Until when an edge that cannot reach KV may go on with the document before; undefined if that is not known. */
  readonly unreachableUntil: EpochSeconds | undefined;
}

export async function revoke(io: CliIo, kidText: string, options: RevokeOptions): Promise<ExitCode> {
  const kid = parseKid(kidText);
  if (kid === undefined) throw new UsageError("<kid> must be a kid as `ring status` shows it");
  const context = await createRingContext(io, options);
  const request = { kind: "revoke", kid } as const;
  const before = await runRing(context, { request, dryRun: true });
  const mayStop = before.plan.refusal !== undefined || options.dryRun === true;
  if (mayStop) return print(io, before, undefined, kid, options);
  if (before.plan.isRequestDone !== true) await confirm(io, before, kid, options.yes === true);
  const run = await runRing(context, { request });
  return print(io, run, boundOf(before.observed, run, context, kid), kid, options);
}

/** @throws UsageError unless the person has typed the kid */
async function confirm(io: CliIo, { plan }: RingRun, kid: Kid, isConfirmed: boolean): Promise<void> {
  if (isConfirmed) return;
  if (!io.stdinIsTerminal)
    throw new UsageError("--yes is needed where stdin is not a terminal, because the kid cannot be typed there");
  const steps = plan.due.map((step) => `  ${describeStep(step)}\n`).join("");
  io.err(`This withdraws ${kid} for good; its tokens are refused before they expire:\n${steps}`);
  io.err(`${paint(io, "bold", "Type the kid to go on:")} `);
  if ((await io.readLine()).trim() !== kid) throw new UsageError("the kid was not typed: nothing was done");
}

/** @returns undefined while there is no document with the tombstone */
function boundOf(before: ObservedRing, run: RingRun, { policy }: RingContext, kid: Kid): Bound | undefined {
  const document = liveDocument(run.observed, run.now);
  if (document?.revoked.some((tombstone) => tombstone.kid === kid) !== true) return undefined;
  const { timing } = deriveState(run.observed, policy, run.now, undefined);
  const earlier = liveDocument(before, run.now);
  const isHeld = earlier?.keys.some((key) => key.kid === kid) === true;
  return {
    seconds: stalenessBoundSeconds(timing.largest),
    publishedAt: document.issuedAt,
    // The edge's clock may be behind.
    unreachableUntil: isHeld ? addSeconds(earlier.expiresAt, timing.largest.clockSkewSeconds) : undefined,
  };
}

function print(io: CliIo, run: RingRun, bound: Bound | undefined, kid: Kid, { json }: RingOptions): ExitCode {
  const code = exitCodeOfRun(run);
  if (json === true) {
    printJson(io, {
      ...runToJson(run),
      kid,
      bound: bound && { ...bound, refusedBy: bound.publishedAt + bound.seconds },
    });
    return code;
  }
  printRun(io, run);
  if (bound !== undefined) io.out(describeBound(kid, bound, run.now));
  else if (!run.isDryRun && run.plan.refusal === undefined) {
    io.err(`${paint(io, "red", "not published")}: edges still accept ${kid}\n`);
  }
  return bound === undefined && code === EXIT.ok && !run.isDryRun ? EXIT.notConverged : code;
}

function describeBound(kid: Kid, { seconds, publishedAt, unreachableUntil }: Bound, now: EpochSeconds): string {
  const refusedBy = publishedAt + seconds;
  const lines = [
    `revoked ${kid}, published ${describeTime(publishedAt)}`,
    `every edge refuses its tokens by ${describeTime(refusedBy)} (${describeDistance(refusedBy - now)}): ${seconds} s for KV and its caches`,
  ];
  if (unreachableUntil !== undefined) {
    lines.push(
      `an edge that cannot reach KV by ${describeTime(unreachableUntil)}, when the key set it holds has expired by its clock`,
    );
  }
  return `${lines.join("\n")}\n`;
}
