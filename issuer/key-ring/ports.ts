/** The ports of a rotator over the real KMS and a publisher. */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { Kms } from "../kms/port.ts";
import { createKmsSigner } from "../kms/signer.ts";
import type { KeySetPublisher } from "../publish/publisher.ts";
import type { AuditSink } from "./act/audit.ts";
import type { RingPorts } from "./reconcile.ts";

export interface RingPortsOptions {
  readonly kms: Kms;
  readonly publisher: KeySetPublisher;
  readonly audit: AuditSink;
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
  /** Milliseconds from any origin, never set back; by default this host's. */
  readonly monotonicMs?: () => number;
  /** At least 0, less than 1; by default Math.random. Makes revs distinct, and keeps no secret. */
  readonly random?: () => number;
}

export function createRingPorts(options: RingPortsOptions): RingPorts {
  const { kms, publisher, audit, clock = () => epochSecondsFromMs(Date.now()), random = Math.random } = options;
  const { monotonicMs = () => performance.now() } = options;
  return {
    kms,
    publisher,
    audit,
    clock,
    monotonicMs,
    random,
    createRootSigner: (keyArn, alg) => createKmsSigner({ keyId: keyArn, alg, kms, clock }),
  };
}
