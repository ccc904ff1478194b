/**
 * Several rings behind one issuer: the first is home, and the others sign while it cannot. A ring gets half of the time that is
 * left, so that the next one has time, too. One that fails is left alone until it answers again, which is tried beside the
 * traffic and not by a caller; one that is throttled, for a few seconds.
 *
 * A ring signs only while every edge knows its key and has its document: a Region that comes back may have a document that has
 * expired everywhere. Only if no ring is as good as that does one sign that is not, as a single ring would.
 */
import { demand } from "../shared/demands.ts";
import type { RingName } from "../shared/identifiers.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { KnownOptions } from "../shared/options.ts";
import { SealgateError, explain, isCallersFault } from "./errors.ts";
import type { FaultCode } from "./errors.ts";
import { probeSigner } from "./probe.ts";
import type { RingMember, Signer, SignerPool } from "./signer.ts";
import { useSigner } from "./use-signer.ts";
import { hostTimer, within } from "./within.ts";
import type { StartTimer } from "./within.ts";

export interface RingsOptions {
  /** Milliseconds from any origin, never set back; by default this host's. */
  readonly nowMs?: () => number;
  /** At least 0, less than 1; by default Math.random. Spreads what several processes try again. */
  readonly random?: () => number;
  /** By default this host's. */
  readonly startTimer?: StartTimer;
}

/** How a ring stands. `waiting`: it answers, but not every edge knows its key or has its document yet. */
export interface RingHealth {
  readonly ring: RingName;
  readonly state: "ready" | "waiting" | "throttled" | "failing";
  /** What it fails with. */
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

export interface Rings extends SignerPool {
  /** Looks the signers up, and tries again what has failed, as each signature does: for times without traffic. Does not wait. */
  tend(): void;
  /** Has each ring sign once, what no verifier accepts. For start-up: what is wrong with a ring shows before it is needed. */
  check(): Promise<readonly RingHealth[]>;
  health(): readonly RingHealth[];
}

interface Place {
  readonly member: RingMember;
  /** What it has failed with; undefined while it is used. */
  fault: SealgateError | undefined;
  /** While it has failed: when it is tried again. */
  againMs: number;
  tryingSinceMs: number | undefined;
}

const DEFAULT_DEADLINE_MS = 10_000;

/** Between 1 and 5 s, so that the processes of a fleet do not come back at once. */
const LEAST_PAUSE_MS = 1000;
const PAUSE_SPREAD_MS = 4000;

/** Longer than any call to KMS: what is under way since then was frozen together with the process (AWS Lambda). */
const LONGEST_TRY_MS = 15_000;

/** Faults of a moment: the ring is left alone for a while, and not asked whether it is back. */
const PASSING: readonly FaultCode[] = ["kms_throttled", "connections_busy"];

const KNOWN_OPTIONS: KnownOptions<RingsOptions> = { nowMs: true, random: true, startTimer: true };

/**
 * Puts rings together, home first. Nothing is asked of KMS before the first token, `check()` or `tend()`.
 * @param members what `createRingSource` returns, each for a ring of its own
 * @throws TypeError for none, for a ring that is there twice, and for what is no ring
 */
export function createRings(members: readonly RingMember[], options: RingsOptions = {}): Rings {
  refuseUnknownOptions("createRings", options, KNOWN_OPTIONS);
  const { nowMs = () => performance.now(), random = Math.random, startTimer = hostTimer } = options;
  checkMembers(members);
  const places = members.map((member): Place => {
    member.watchDocument();
    return { member, fault: undefined, againMs: 0, tryingSinceMs: undefined };
  });

  const isUp = ({ fault, againMs }: Place): boolean =>
    fault === undefined || (PASSING.includes(fault.code) && nowMs() >= againMs);

  function noteFault(place: Place, fault: SealgateError): void {
    place.fault = fault;
    place.againMs = nowMs() + LEAST_PAUSE_MS + random() * PAUSE_SPREAD_MS;
  }

  async function tryAgain(place: Place): Promise<void> {
    const { member } = place;
    place.tryingSinceMs = nowMs();
    try {
      await member.refresh();
      await probeSigner(await member.current());
      place.fault = undefined;
    } catch (error) {
      noteFault(place, toFault(error));
    } finally {
      place.tryingSinceMs = undefined;
    }
  }

  function tend(): void {
    for (const place of places) {
      const { member, fault, againMs, tryingSinceMs } = place;
      const isTrying = tryingSinceMs !== undefined && nowMs() - tryingSinceMs < LONGEST_TRY_MS;
      if (fault === undefined || PASSING.includes(fault.code)) member.keepReady();
      else if (!isTrying && nowMs() >= againMs) void tryAgain(place);
    }
  }

  /** @throws what is the caller's fault; what the ring fails with; {@link Waiting} */
  async function attempt<Value>(
    place: Place,
    isStrict: boolean,
    limitMs: number,
    use: (signer: Signer) => Promise<Value>,
  ): Promise<Value> {
    const { member } = place;
    const current = async (): Promise<Signer> => {
      const signer = await member.current();
      if (isStrict && !member.isReady()) throw new Waiting();
      return signer;
    };
    try {
      const value = await within(
        limitMs,
        startTimer,
        () => useSigner({ current }, use),
        () => late(limitMs),
      );
      place.fault = undefined;
      return value;
    } catch (error) {
      if (error instanceof SealgateError && !isCallersFault(error.code)) noteFault(place, error);
      throw error;
    }
  }

  return {
    async use(use, deadlineMs = DEFAULT_DEADLINE_MS) {
      const endMs = nowMs() + deadlineMs;
      tend();
      const faults = new Map<Place, SealgateError>();
      const waiting: Place[] = [];
      const up = places.filter(isUp);
      const strictly = [...up, ...places.filter((place) => !up.includes(place))];
      for (const isStrict of [true, false]) {
        for (const place of isStrict ? strictly : waiting) {
          const isLast = faults.size === places.length - 1;
          const leftMs = Math.max(1, endMs - nowMs());
          try {
            return await attempt(place, isStrict, isLast ? leftMs : leftMs / 2, use);
          } catch (error) {
            if (error instanceof Waiting) waiting.push(place);
            else if (error instanceof SealgateError && !isCallersFault(error.code)) faults.set(place, error);
            else throw error;
          }
        }
      }
      throw unavailable(faults);
    },
    tend,
    async check() {
      await Promise.all(places.map(tryAgain));
      return places.map(healthOf);
    },
    health: () => places.map(healthOf),
  };
}

/** Not every edge would accept what the ring signs now. */
class Waiting extends Error {}

function healthOf({ member, fault: failed }: Place): RingHealth {
  const { ring } = member;
  const fault = failed ?? member.status().fault;
  if (fault !== undefined) {
    const state = PASSING.includes(fault.code) ? "throttled" : "failing";
    return { ring, state, fault: { code: fault.code, message: explain(fault) } };
  }
  return { ring, state: member.isReady() ? "ready" : "waiting", fault: undefined };
}

function checkMembers(members: readonly RingMember[]): void {
  const rule =
    "createRings: rings must be what createRingSource returns, as in [createRingSource(home), createRingSource(other)]";
  demand(Array.isArray(members) && members.length > 0, rule);
  for (const member of members) demand(typeof member?.watchDocument === "function", rule);
  const names = members.map(({ ring }) => ring);
  demand(new Set(names).size === names.length, "createRings: each ring may be there once; two have the same name");
}

function late(limitMs: number): SealgateError {
  const message = `The ring did not sign within ${Math.round(limitMs)} ms, its share of the caller's deadline.`;
  return new SealgateError("kms_timeout", message, { retryable: true });
}

function unavailable(faults: ReadonlyMap<Place, SealgateError>): SealgateError {
  const causes = [...faults].map(([{ member }, fault]) => ({ ring: member.ring, fault }));
  const [only] = causes;
  if (only !== undefined && causes.length === 1) return only.fault;
  const told = causes.map(({ ring, fault }) => `${ring}: ${fault.code}: ${fault.message}`).join(" ");
  return new SealgateError("rings_unavailable", `No ring could sign. ${told}`, {
    retryable: causes.some(({ fault }) => fault.retryable),
    details: only?.fault.details ?? {},
    cause: new AggregateError(causes.map(({ fault }) => fault)),
  });
}

function toFault(error: unknown): SealgateError {
  if (error instanceof SealgateError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new SealgateError("issuer_failed", `Asking the ring failed in sealgate itself (${name}), not in KMS.`, {
    cause: error,
  });
}
