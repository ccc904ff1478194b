/** `sealgate ring status`: where a ring stands, what comes next, what KV holds and what a Worker serves. Changes nothing. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import { deriveState, failuresOf, isConverged, liveDocument, observeRing, planRing } from "../../key-ring/index.ts";
import type { RingState, RunFailure } from "../../key-ring/index.ts";
import { observeListStatus } from "../../key-ring/revocations/list-status.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint, printJson, wantsColor } from "../io.ts";
import type { CliIo } from "../io.ts";
import { takeSeconds } from "../options.ts";
import { createRingContext } from "./context.ts";
import type { RingContext, RingOptions } from "./context.ts";
import { askGateway, compareWithPublished, parseGatewayUrl } from "./gateway-health.ts";
import { exitCodeOfFaults, failureToJson, stepToJson } from "./run.ts";
import { timeLineOf } from "../../console/time-line.ts";
import { renderStatus } from "./status-text.ts";
import type { GatewayStatus, RingStatus } from "./status-text.ts";
import { watchStatus } from "./status-watch.ts";
import type { Look } from "./status-watch.ts";
import { renderTimeLine } from "./time-line-text.ts";
import type { Paint } from "./time-line-text.ts";

export interface StatusOptions extends RingOptions {
  readonly gateway?: string;
  readonly watch?: boolean;
  readonly interval?: string;
}

const WATCH_EVERY_SECONDS = 10;

/** @throws SealgateError with a `kms_…` code when the ring cannot be observed, unless it is watched */
export async function showStatus(io: CliIo, options: StatusOptions): Promise<ExitCode> {
  const gatewayUrl = options.gateway === undefined ? undefined : parseGatewayUrl(options.gateway);
  const { watch = false, interval, json = false } = options;
  if (!watch && interval !== undefined) throw new UsageError("--interval needs --watch");
  const seconds = interval === undefined ? WATCH_EVERY_SECONDS : takeSeconds("--interval", interval, 1);
  const context = await createRingContext(io, options);
  const read = (): Promise<RingStatus> => readStatus(context, gatewayUrl, io);
  if (watch) {
    const look = async (): Promise<Look> => {
      const status = await read();
      return { json: statusToJson(status), text: textOf(status, io) };
    };
    return watchStatus(io, { seconds, json, look });
  }
  const status = await read();
  if (json) printJson(io, statusToJson(status));
  else io.out(textOf(status, io));
  return exitCodeOfStatus(status);
}

async function readStatus(context: RingContext, gatewayUrl: URL | undefined, io: CliIo): Promise<RingStatus> {
  const { state, plan } = await readRing(context);
  const list = await observeListStatus(context.ports, { ...state, timing: state.timing.largest });
  const gateway = gatewayUrl === undefined ? undefined : await askFor(gatewayUrl, state, io, context.ports.clock);
  return { state, plan, list, gateway };
}

/** At a terminal with the time line. */
function textOf(status: RingStatus, io: CliIo): string {
  const text = renderStatus(status);
  if (!io.stdoutIsTerminal) return text;
  const onStdout = { ...io, color: wantsColor(io.env, io.stdoutIsTerminal) };
  const paintBar: Paint = (style, part) => paint(onStdout, style, part);
  return text + renderTimeLine(timeLineOf(status.state, status.plan.upcoming), paintBar);
}

/**
 * What is there and what comes next. Changes nothing.
 * @throws SealgateError with a `kms_…` code when the ring cannot be observed
 */
export async function readRing({ ports, policy, options }: RingContext): Promise<Pick<RingStatus, "state" | "plan">> {
  const observed = await observeRing(ports, policy, options);
  const now = ports.clock();
  return { state: deriveState(observed, policy, now, undefined), plan: planRing(observed, policy, now) };
}

/** What a gateway serves, compared with what was observed of the ring. */
export async function askFor(
  url: URL,
  { observed, timing, now }: RingState,
  io: Pick<CliIo, "interrupted">,
  clock: () => EpochSeconds,
): Promise<GatewayStatus> {
  const health = await askGateway(url, observed.ring, io.interrupted);
  const document = liveDocument(observed, now);
  return {
    ...health,
    published: compareWithPublished(health, document, stalenessBoundSeconds(timing.largest), clock()),
  };
}

/** 4 when something is due or wrong: a run of `ring reconcile` has not done its work, or cannot. */
function exitCodeOfStatus(status: RingStatus): ExitCode {
  const { gateway } = status;
  const failed = exitCodeOfFaults(failuresOfStatus(status));
  if (failed !== undefined) return failed;
  const isServing =
    gateway === undefined || (gateway.status === "ok" && ["same", "behind"].includes(gateway.published));
  return isAtRest(status) && isServing ? EXIT.ok : EXIT.notConverged;
}

function failuresOfStatus({ state: { observed }, plan, list }: RingStatus): readonly RunFailure[] {
  const failures = failuresOf({ steps: [], observed, plan });
  return list?.fault === undefined ? failures : [...failures, { kind: "fault", ...list.fault }];
}

function isAtRest({ plan, list }: RingStatus): boolean {
  return isConverged(plan) && list?.fault === undefined && (list?.due ?? []).length === 0;
}

function statusToJson(status: RingStatus): object {
  const { state, plan, list, gateway } = status;
  const { observed, policy, now, timing, generations } = state;
  const { root, document } = observed;
  return {
    ring: observed.ring,
    issuer: policy.issuer,
    now,
    converged: isAtRest(status),
    failure: failureToJson(failuresOfStatus(status)),
    root: root && { kid: root.publicKey?.kid ?? root.tags.kid, keyArn: root.keyArn, keyState: root.keyState },
    active: observed.active?.generation,
    generations: generations.map(({ entry, ...generation }) => ({
      generation: generation.number,
      state: generation.phase,
      kid: generation.kid,
      alg: generation.alg,
      keyArn: generation.keyArn,
      keyState: generation.keyState,
      createdAt: generation.createdAt,
      publishedAt: entry?.publishedAt,
      maySignFrom: generation.ripeAt,
      mayBeDroppedFrom: generation.dropAt,
      revokedAt: generation.revokedAt,
    })),
    document: document.kind === "read" ? { kind: "read", ...documentToJson(document.document) } : document,
    list: list && listToJson(list),
    stalenessBoundSeconds: stalenessBoundSeconds(timing.largest),
    due: plan.due.map(stepToJson),
    upcoming: plan.upcoming,
    problems: plan.problems,
    gateway,
  };
}

function listToJson({ held, due, requiredFrom, fault }: NonNullable<RingStatus["list"]>): object {
  const { rev, issuedAt, expiresAt, counts } = held?.kind === "read" ? held.list : {};
  const problem = held?.kind === "refused" ? held.problem : undefined;
  return { kind: held?.kind, problem, rev, issuedAt, expiresAt, counts, due, requiredFrom, fault: fault?.code };
}

function documentToJson({
  rev,
  issuedAt,
  expiresAt,
  keys,
  revoked,
}: NonNullable<ReturnType<typeof liveDocument>>): object {
  return { rev, issuedAt, expiresAt, keys: keys.map(({ kid, state }) => ({ kid, state })), revoked };
}
