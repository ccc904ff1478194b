/** The ports of a rotator over the real KMS and a publisher. */
import { demand } from "../../shared/demands.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import type { Kms } from "../kms/port.ts";
import { createKmsSigner } from "../kms/signer.ts";
import type { KeySetPublisher } from "../publish/publisher.ts";
import { hostTimer } from "../within.ts";
import type { StartTimer } from "../within.ts";
import { chooseListFloor } from "./revocations/list-floor.ts";
import type { AuditSink } from "./act/audit.ts";
import { systemClock } from "../clock.ts";
import type { RingPorts } from "./reconcile.ts";

export interface RingPortsOptions {
  readonly kms: Kms;
  readonly publisher: KeySetPublisher;
  readonly audit: AuditSink;
  /** KMS of another Region. Without it, no Multi-Region key is adopted: another ring may have it there. */
  readonly kmsInRegion?: (region: string) => Kms;
  /** Where single tokens can be taken back: the table of the ring (undefined once it is given up), and where lists go. */
  readonly revocations?: RingPorts["revocations"];
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
  /** Milliseconds from any origin, never set back; by default this host's. */
  readonly monotonicMs?: () => number;
  /** At least 0, less than 1; by default Math.random. Makes revs distinct, and keeps no secret. */
  readonly random?: () => number;
  /** The timer of what a run gives a limited time; by default this host's. */
  readonly startTimer?: StartTimer;
}

const KNOWN_OPTIONS: KnownOptions<RingPortsOptions> = {
  kms: true,
  publisher: true,
  audit: true,
  kmsInRegion: true,
  revocations: true,
  clock: true,
  monotonicMs: true,
  random: true,
  startTimer: true,
};

/** @throws TypeError for an option that means nothing here, or for a port that must be a function and is not */
export function createRingPorts(options: RingPortsOptions): RingPorts {
  refuseUnknownOptions("createRingPorts", options, KNOWN_OPTIONS);
  const { kms, publisher, audit, clock = systemClock, random = Math.random } = options;
  const { monotonicMs = () => performance.now(), startTimer = hostTimer, revocations } = options;
  for (const [name, value] of Object.entries({ audit, clock, monotonicMs, random, startTimer })) {
    demand(typeof value === "function", `createRingPorts: ${name} must be a function`);
  }
  return {
    kms,
    kmsInRegion: options.kmsInRegion,
    publisher,
    audit,
    revocations,
    chooseListFloor: revocations && listFloorOf(revocations, { clock, startTimer }),
    clock,
    monotonicMs,
    startTimer,
    random,
    // KMS's Date has whole seconds: no clock can be held to less than one.
    createRootSigner: (keyArn, alg, clockSkewSeconds) =>
      createKmsSigner({ keyId: keyArn, alg, kms, clock, maxClockSkewSeconds: Math.max(1, clockSkewSeconds) }),
  };
}

/** Without a table, documents name no list any more. */
function listFloorOf(
  { store, publisher }: NonNullable<RingPorts["revocations"]>,
  timed: Pick<RingPorts, "clock" | "startTimer">,
): NonNullable<RingPorts["chooseListFloor"]> {
  return async (question) => (store === undefined ? undefined : chooseListFloor(publisher, question, timed));
}
