/** One run of a rotator for a command: its exit code, its JSON, and what a person is shown. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import {
  exitCodeOfFaults,
  exitCodeOfRun,
  failureToJson,
  printRun,
  runToJson,
  stepToJson,
} from "../../../../../issuer/cli/ring/run.ts";
import type { RingRun } from "../../../../../issuer/cli/ring/run.ts";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { Plan, RefusalCode, StepReport } from "../../../../../issuer/key-ring/index.ts";
import type { FaultCode } from "../../../../../issuer/errors.ts";
import { after, observedRing } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";
import { testIo } from "../support.ts";

const NOW = after(10);
const observed = observedRing();
const lost = observedRing({ document: { kind: "missing" } });
const planOfLost = planRing(lost, ringPolicy(), NOW);
const publish = given(planOfLost.due.find(({ kind }) => kind === "publish"));
/** Nothing due, nothing wrong. */
const atRest: Plan = { ...planRing(observed, ringPolicy(), NOW), due: [], upcoming: [], problems: [] };

function runOf(plan: Partial<Plan>, changes: Partial<RingRun> = {}): RingRun {
  const whole: Plan = { ...atRest, ...plan };
  const isConverged = whole.due.length === 0 && whole.problems.length === 0;
  const base = { steps: [], observed, isDryRun: false, isRequested: false, now: NOW };
  return { ...base, plan: whole, list: undefined, isConverged, ...changes };
}

function failed(code: FaultCode): StepReport {
  return { step: publish, outcome: undefined, fault: { code, message: "what went wrong" } };
}

function refusal(code: RefusalCode): NonNullable<Plan["refusal"]> {
  return { code, message: "it cannot be done", notBefore: undefined };
}

function shown(run: RingRun): { readonly out: string; readonly err: string } {
  let [out, err] = ["", ""];
  printRun(testIo({ out: (text) => void (out += text), err: (text) => void (err += text) }), run);
  return { out, err };
}

const asked = { isRequested: true } as const;
const dryRun = { isDryRun: true } as const;

describe("the exit code of a run", () => {
  test.each<[string, RingRun, number]>([
    ["with nothing left to do", runOf({}), EXIT.ok],
    ["that did what it was asked", runOf({ isRequestDone: true }, asked), EXIT.ok],
    ["that did not do it yet", runOf({ isRequestDone: false }, asked), EXIT.notConverged],
    ["with something due", runOf({ due: [publish] }), EXIT.notConverged],
    [
      "that must wait",
      runOf({ refusal: refusal("standby_not_ready"), isRequestDone: false }, asked),
      EXIT.notConverged,
    ],
    ["of a kid that the ring never had", runOf({ refusal: refusal("kid_unknown") }, asked), EXIT.usage],
    ["of a candidate that is not there", runOf({ refusal: refusal("candidate_not_found") }, asked), EXIT.usage],
    ["with a step that failed", runOf({ due: [publish] }, { steps: [failed("publish_failed")] }), EXIT.failure],
    [
      "whose credentials were refused, whatever else is wrong",
      runOf(
        { due: [publish], refusal: refusal("kid_unknown") },
        { steps: [failed("publish_failed"), failed("publish_unauthorized")] },
      ),
      EXIT.unauthorized,
    ],
    ["that would do what it is asked", runOf({ due: [publish] }, { ...asked, ...dryRun }), EXIT.ok],
    ["that would have upkeep to do", runOf({ due: [publish] }, dryRun), EXIT.notConverged],
    [
      "that would have to wait",
      runOf({ due: [publish], refusal: refusal("standby_not_ready") }, { ...asked, ...dryRun }),
      EXIT.notConverged,
    ],
  ])("%s is right", (_what, run, code) => {
    expect(exitCodeOfRun(run)).toBe(code);
  });

  test("knows no fault of KMS or KV in a problem of the ring alone", () => {
    expect(exitCodeOfFaults([])).toBeUndefined();
    expect(exitCodeOfFaults([{ kind: "problem", code: "root_missing", message: "m" }])).toBeUndefined();
    expect(exitCodeOfFaults([{ kind: "fault", code: "kms_throttled", message: "m" }])).toBe(EXIT.failure);
  });
});

describe("the JSON of a run", () => {
  test("tells each step with its result, and why the run failed", () => {
    const done: StepReport = {
      step: publish,
      outcome: { result: "done", rev: 7, document: undefined, keyArn: undefined },
      fault: undefined,
    };
    const run = runOf({ due: [publish] }, { steps: [done, failed("publish_failed")] });
    expect(runToJson(run)).toMatchObject({
      ring: "main",
      dryRun: false,
      converged: false,
      failure: { code: "publish_failed" },
      steps: [
        { step: "publish", what: "publish the key set (missing)", result: "done", rev: 7, fault: undefined },
        { step: "publish", result: "failed", rev: undefined, fault: "publish_failed" },
      ],
      due: [{ step: "publish" }],
      problems: [],
    });
  });

  test("has no failure for a run that did what it could", () => {
    expect(failureToJson([])).toBeUndefined();
    expect(runToJson(runOf({}))).toMatchObject({ converged: true, failure: undefined });
  });

  test("numbers a step by its generation or by its root key", () => {
    expect(stepToJson(publish)).toMatchObject({ generation: undefined });
    const disable = { kind: "disable_key", keyArn: "arn-1", generation: 1, reason: "revoked" } as const;
    expect(stepToJson(disable)).toMatchObject({ step: "disable_key", generation: 1 });
    const moveRoot = { kind: "move_root", number: 2, keyArn: "arn-2" } as const;
    expect(stepToJson(moveRoot)).toMatchObject({ step: "move_root", generation: 2 });
  });
});

describe("a person", () => {
  test("is told what was done, and that nothing is left", () => {
    expect(shown(runOf({}))).toEqual({ out: "nothing to do\n", err: "" });
    const done: StepReport = {
      step: publish,
      outcome: { result: "done", rev: 7, document: undefined, keyArn: undefined },
      fault: undefined,
    };
    expect(shown(runOf({}, { steps: [done] }))).toEqual({
      out: "publish the key set (missing): done, rev 7\n",
      err: "",
    });
  });

  test("is told what failed and that the run is not finished, on stderr", () => {
    const { out, err } = shown(runOf({ due: [publish] }, { steps: [failed("publish_failed")] }));
    expect(out).toBe("publish the key set (missing): failed\n");
    expect(err).toBe(
      [
        "failed to publish the key set (missing): publish_failed: what went wrong",
        "this run failed (publish_failed)",
        "not finished: run it again; what is done is kept",
        "",
      ].join("\n"),
    );
  });

  test("is told what a dry run would do, and hears of no failure", () => {
    const { out, err } = shown(runOf({ due: [publish] }, dryRun));
    expect(out).toBe("would publish the key set (missing)\n");
    expect(err).toBe("");
  });

  test("is told why a request is not carried out, and when asking again will succeed", () => {
    const refused = { ...refusal("standby_not_ready"), notBefore: after(70) };
    const { out, err } = shown(runOf({ refusal: refused, isRequestDone: false }, asked));
    expect(out).toBe("");
    expect(err).toMatch(/^not done standby_not_ready: it cannot be done .*in 1 min/);
    expect(err).not.toContain("not finished");
  });

  test("is told of every problem by its code", () => {
    const problems = [{ code: "generation_unfit", generation: 2, message: "it does not fit" }] as const;
    expect(shown(runOf({ problems })).err).toBe("problem generation_unfit: it does not fit\n");
  });
});

describe("the list of taken-back tokens", () => {
  const list = {
    result: "published",
    reasons: ["revoked"],
    rev: 7,
    issuedAt: NOW,
    expiresAt: after(86_410),
    counts: { jti: 1, sid: 0, sub: 2 },
    leftOut: { jti: 0, sid: 0, sub: 0 },
    unreadable: 0,
    notBefore: undefined,
    fault: undefined,
  } as const;
  const fault = { code: "revocation_table_denied", message: "Allow the action." } as const;

  test("that was published is something to tell", () => {
    expect(shown(runOf({}, { list })).out).toBe(
      "publish the list of taken-back tokens (revoked): done, rev 7, 1 token, 0 sessions, 2 subjects\n",
    );
    expect(shown(runOf({}, { list: { ...list, result: "unchanged", reasons: [] } })).out).toBe("nothing to do\n");
  });

  test("is in the JSON, with the code of its fault", () => {
    expect(runToJson(runOf({}, { list }))).toMatchObject({ list: { result: "published", rev: 7, fault: undefined } });
    const failing = runOf({}, { list: { ...list, result: "failed", fault }, isConverged: false });
    expect(runToJson(failing)).toMatchObject({ failure: { code: fault.code }, list: { fault: fault.code } });
  });

  test("that could not be made is told on stderr, and is an exit code of its fault", () => {
    const failing = runOf({}, { list: { ...list, result: "failed", fault }, isConverged: false });
    expect(exitCodeOfRun(failing)).toBe(EXIT.unauthorized);
    const { out, err } = shown(failing);
    expect(out).toBe("");
    expect(err).toContain(
      "failed to publish the list of taken-back tokens: revocation_table_denied: Allow the action.",
    );
  });

  test("that could not be made fails no request: what was asked for is done without it", () => {
    const failing = runOf(
      { isRequestDone: true },
      { ...asked, list: { ...list, result: "failed", fault }, isConverged: false },
    );
    expect(exitCodeOfRun(failing)).toBe(EXIT.ok);
    expect(runToJson(failing)).toMatchObject({ failure: undefined, converged: false, list: { fault: fault.code } });
    const { err } = shown(failing);
    expect(err).toContain("failed to publish the list of taken-back tokens");
    expect(err).not.toContain("this run failed");
  });

  test("that has to wait fails no request, and leaves the upkeep unfinished", () => {
    const waiting = { list: { ...list, result: "waiting", notBefore: after(17) }, isConverged: false } as const;
    expect(exitCodeOfRun(runOf({ isRequestDone: true }, { ...asked, ...waiting }))).toBe(EXIT.ok);
    expect(exitCodeOfRun(runOf({}, waiting))).toBe(EXIT.notConverged);
  });
});
