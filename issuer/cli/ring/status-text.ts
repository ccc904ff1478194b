/** `sealgate ring status` for a person: a table of generations, a time line, KV and the Worker. Pure. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { billedKeysOf, DOLLARS_PER_KEY_AND_MONTH } from "../../key-ring/index.ts";
import type { BilledKeys, Generation, Plan, RingState, Upcoming } from "../../key-ring/index.ts";
import type { ListStatus } from "../../key-ring/revocations/list-status.ts";
import { describeList } from "./describe-list.ts";
import { describeAge, describeDocument, describeStep, describeUpcoming } from "./describe.ts";
import { describeDistance, describeDuration, describeTime } from "../../words/time.ts";
import type { compareWithPublished, GatewayHealth } from "./gateway-health.ts";

/** Everything that the command shows. */
export interface RingStatus {
  readonly state: RingState;
  readonly plan: Plan;
  /** Undefined where tokens cannot be taken back. */
  readonly list: ListStatus | undefined;
  readonly gateway: GatewayStatus | undefined;
}

export interface GatewayStatus extends GatewayHealth {
  readonly published: ReturnType<typeof compareWithPublished>;
}

export function renderStatus({ state, plan, list, gateway }: RingStatus): string {
  const { observed, policy, now } = state;
  const lines = [
    `ring ${observed.ring}   ${policy.issuer}   ${policy.alg}, rotates every ${describeDuration(policy.rotateEverySeconds)}`,
    `root ${rootOf(state)}`,
    "",
    ...table([
      ["gen", "state", "alg", "kid", "KMS key", "age", "what comes next"],
      ...state.generations.map((generation) => rowOf(generation, plan.upcoming, now)),
    ]),
    "",
    ...(plan.upcoming.length === 0 ? [] : ["next", ...plan.upcoming.map((one) => `  ${describeUpcoming(one, now)}`)]),
    ...(plan.due.length === 0 ? [] : ["due now", ...plan.due.map((step) => `  ${describeStep(step)}`)]),
    `KV       ${describeDocument(observed.document, now)}`,
    ...(list === undefined ? [] : [`list     ${describeList(list, now)}`]),
    `cost     ${describeCost(billedKeysOf(observed), policy.deleteAfterDays)}`,
    ...(gateway === undefined ? [] : [`gateway  ${describeGateway(gateway)}`]),
    ...plan.problems.map(({ code, message }) => `problem  ${code}: ${message}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Without the signatures, which no ring can count. */
function describeCost({ keys, disabled }: BilledKeys, deleteAfterDays: number | undefined): string {
  const all = `${keys} KMS keys, $${keys * DOLLARS_PER_KEY_AND_MONTH} a month`;
  if (disabled === 0) return all;
  const advice = deleteAfterDays === undefined ? '; "deleteAfterDays" in the policy has retired ones deleted' : "";
  return `${all}, of which ${disabled} are disabled${advice}`;
}

function rootOf({ observed: { root } }: RingState): string {
  if (root === undefined) return "none";
  return `${root.publicKey?.kid ?? root.tags.kid ?? "-"}  ${root.keyId}  ${root.keyState}`;
}

function rowOf(generation: Generation, upcoming: readonly Upcoming[], now: EpochSeconds): readonly string[] {
  const { number, alg, keyId, keyState, phase, kid } = generation;
  const key = keyState === "Enabled" ? keyId : `${keyId} (${keyState})`;
  return [
    String(number),
    phase,
    alg ?? "-",
    kid ?? "-",
    key,
    describeAge(generation, now),
    nextOf(generation, upcoming, now),
  ];
}

const PLANNED = { activate: "signs", drop: "leaves the key set", disable: "is disabled in KMS" } as const;

/** What happens to a generation, and since or from when that is safe. */
export function nextOf(generation: Generation, upcoming: readonly Upcoming[], now: EpochSeconds): string {
  const { phase, revokedAt } = generation;
  const planned = upcoming.flatMap(({ what, generation: number, notBefore }) => {
    if (number !== generation.number || !isPlanned(what)) return [];
    return `${PLANNED[what]} ${describeTime(notBefore)} (${describeDistance(notBefore - now)})`;
  });
  if (phase === "pending") planned.push(describeRipeness(generation, now));
  if (phase === "revoked" && revokedAt !== undefined) planned.push(`refused since ${describeTime(revokedAt)}`);
  return planned.join(", ");
}

function isPlanned(what: Upcoming["what"]): what is keyof typeof PLANNED {
  return Object.hasOwn(PLANNED, what);
}

function describeRipeness({ entry, knownAt, ripeAt }: Generation, now: EpochSeconds): string {
  if (entry === undefined) return "not published yet";
  if (knownAt === undefined || ripeAt === undefined) return "published, not settled yet";
  if (ripeAt <= now) return "safe to sign now";
  const inEmergency = knownAt <= now ? "now" : describeDistance(knownAt - now);
  return `safe to sign ${describeDistance(ripeAt - now)}, in an emergency ${inEmergency}`;
}

const COMPARED: Readonly<Record<GatewayStatus["published"], string>> = {
  same: "what KV holds",
  behind: "an older one than KV holds, which is still in order",
  too_old: "an older one than any edge should use",
  ahead: "a newer one than KV holds",
  unknown: "not comparable",
};

export function describeGateway({ status, rev, source, ageSeconds, problem, published }: GatewayStatus): string {
  const why = problem === undefined ? "" : ` (${problem})`;
  if (rev === undefined) return `${status}${why}`;
  const age = ageSeconds === undefined ? "" : `, ${describeDuration(ageSeconds)} old`;
  return `${status}${why}, rev ${rev}: ${COMPARED[published]}, from ${source ?? "-"}${age}`;
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
