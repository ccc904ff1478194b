/** Rows about the ring as KMS and KV show it, and about what the Worker pins of it. Pure. */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import type { ParsedKeySet } from "../../../shared/key-set.ts";
import type { Result } from "../../../shared/result.ts";
import type { KeySetProblem } from "../../../shared/signed-key-set.ts";
import { rootAnchorsOf } from "../../key-ring/index.ts";
import type { ObservedKey, ObservedRing, Plan, RingPolicy } from "../../key-ring/index.ts";
import { describeStep } from "../ring/describe.ts";
import { describeDuration } from "../../words/time.ts";
import { fine, rowsOr, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";

const INIT = "Create the ring: sealgate ring init.";

export function keyRows({ root, active, generations }: ObservedRing): readonly CheckRow[] {
  const signing = generations.find(({ number }) => number === active?.generation);
  if (root === undefined || signing === undefined)
    return [wrong("keys", "The ring has no root key, or no key that signs.", INIT)];
  const rows = [
    ...keyProblem("root key", root),
    ...keyProblem(`key of generation ${signing.number}, which signs,`, signing),
  ];
  return rowsOr(rows, fine("keys", `The root key and generation ${signing.number}, which signs, are enabled and fit.`));
}

function keyProblem(name: string, { keyState, alg, keySpec, keyUsage, keyArn }: ObservedKey): readonly CheckRow[] {
  if (keyState !== "Enabled") {
    const repair = `If it was disabled on purpose, run sealgate ring reconcile, which lets another key sign. Otherwise enable ${keyArn} in KMS.`;
    return [wrong("keys", `The ${name} is in the state ${keyState}.`, repair)];
  }
  if (alg !== undefined) return [];
  const repair = "Let another key take its place: sealgate ring rotate, or sealgate ring adopt <key>.";
  return [wrong("keys", `The ${name} is ${keySpec} (${keyUsage}), which does not fit its algorithm.`, repair)];
}

export function ringRows({ due, problems }: Plan): readonly CheckRow[] {
  const repair = "Run sealgate ring reconcile, and see that the schedule of the rotator runs.";
  const rows = [
    ...problems.map(({ code, message }) =>
      wrong("ring", `${code}: ${message}`, code === "root_missing" ? INIT : `See ${code} in docs/errors.md. ${repair}`),
    ),
    ...due.map((step) => wrong("ring", `It is due to ${describeStep(step)}.`, repair)),
  ];
  return rowsOr(rows, fine("ring", "The ring is at rest: nothing is due, and nothing is wrong."));
}

/**
 * @param pinned the kids of TRUST_ANCHORS
 * @param repair what to do about those
 */
export function anchorRows(observed: ObservedRing, pinned: readonly Kid[], repair: string): readonly CheckRow[] {
  const roots = rootAnchorsOf(observed);
  const current = roots.find(({ role }) => role === "current");
  // That the ring has none is a row of its own.
  if (current === undefined) return [];
  const rows: CheckRow[] = [];
  if (!pinned.includes(current.kid)) {
    const message = `TRUST_ANCHORS does not pin the root key of the ring, ${current.kid}: every key set would be refused.`;
    rows.push(wrong("anchors", message, repair, "TRUST_ANCHORS"));
  }
  const foreign = pinned.filter((kid) => !roots.some((one) => one.kid === kid));
  for (const kid of foreign) {
    const message = `TRUST_ANCHORS pins ${kid}, which is not an enabled root key of this ring: its holder could sign a key set.`;
    rows.push(wrong("anchors", message, repair, "TRUST_ANCHORS"));
  }
  const unpinned = roots.find(({ role, kid }) => role === "next" && !pinned.includes(kid));
  const note =
    unpinned === undefined
      ? ""
      : ` The next root key, ${unpinned.kid}, is not pinned yet: deploy it before ring anchors --switch.`;
  return rowsOr(rows, fine("anchors", `TRUST_ANCHORS pins the ring's root key.${note}`));
}

const RUN_ROTATOR = "Run sealgate ring reconcile, and see that the schedule of the rotator runs.";

/** @param opened the document in KV as the Worker reads it; undefined: KV has none */
export function documentRow(
  opened: Result<ParsedKeySet, KeySetProblem> | undefined,
  policy: RingPolicy,
  now: EpochSeconds,
): CheckRow {
  if (opened === undefined) return wrong("document", "KV holds no key set of this ring.", `${INIT} Or: ${RUN_ROTATOR}`);
  if (!opened.ok) {
    const { code } = opened.error;
    return wrong("document", `The Worker would refuse the key set in KV: ${code}.`, REPAIRS[code] ?? RUN_ROTATOR);
  }
  const { document } = opened.value;
  const lateSeconds = now - renewedBy(document, policy);
  if (lateSeconds > 0) {
    const message = `The key set should have been renewed ${describeDuration(lateSeconds)} ago: the rotator does not run, or cannot publish.`;
    return wrong("document", message, RUN_ROTATOR);
  }
  return fine("document", `The Worker takes the key set in KV: rev ${document.rev}, ${document.keys.length} keys.`);
}

/** Half-life and R, and the time that a run may take. */
function renewedBy({ issuedAt, expiresAt }: KeySetDocument, policy: RingPolicy): number {
  const { reconcileEverySeconds, composeDeadlineSeconds, publishDeadlineSeconds } = policy;
  return (
    issuedAt + (expiresAt - issuedAt) / 2 + reconcileEverySeconds + composeDeadlineSeconds + publishDeadlineSeconds
  );
}

const REPAIRS: Readonly<Partial<Record<KeySetProblem["code"], string>>> = {
  key_set_unknown_root:
    "Put what sealgate ring anchors prints into TRUST_ANCHORS; if it is there, another ring publishes into this namespace.",
  key_set_wrong_issuer: "Make ISSUER of the Worker and SEALGATE_ISSUER of the rotator the same.",
  key_set_wrong_ring: "Make RING of the Worker and SEALGATE_RING of the rotator the same.",
  key_set_rev_too_low:
    "Lower MIN_REV to the rev that sealgate ring status shows, if that revocation is not undone by it.",
};

/** @param skewSeconds their clock minus this host's, as far as it is known */
export function clockRows(
  skewSeconds: Readonly<Record<string, number | undefined>>,
  policy: RingPolicy,
): readonly CheckRow[] {
  const most = policy.timing.clockSkewSeconds;
  const known = Object.entries(skewSeconds).flatMap(([name, skew]) => (skew === undefined ? [] : [{ name, skew }]));
  if (known.length === 0) return [];
  const rows = known.flatMap(({ name, skew }) => {
    if (Math.abs(skew) <= most) return [];
    const message = `This host's clock is ${Math.round(Math.abs(skew))} s ${skew > 0 ? "behind" : "ahead of"} that of ${name}.`;
    return [wrong("clocks", message, "Let NTP set this host's clock; no issuer may run with it.")];
  });
  const largest = Math.round(Math.max(...known.map(({ skew }) => Math.abs(skew))));
  return rowsOr(
    rows,
    fine(
      "clocks",
      `This host's clock differs from ${known.map(({ name }) => name).join(" and ")} by at most ${largest} s.`,
    ),
  );
}
