/** What a history in which tokens are taken back consists of. */
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { KmsModel } from "./kms-model.ts";
import type { KvModel } from "./kv-model.ts";
import { createPolicy } from "./ports.ts";
import type { RingPolicy, TrustAnchors } from "./ports.ts";
import type { limitCalls } from "./revocations-calls.ts";
import type { ListGuards } from "./revocations-guards.ts";
import type { ListJudge } from "./revocations-judge.ts";
import type { ListSchedule } from "./revocations-schedule.ts";
import type { Rotator } from "./rotator.ts";
import type { TableModel } from "./table-model.ts";

/** A ring with everything that belongs to it. */
export interface ListRing {
  readonly policy: RingPolicy;
  readonly kms: KmsModel;
  readonly kv: KvModel;
  readonly lists: KvModel;
  readonly table: TableModel;
  readonly rotators: readonly Rotator[];
  /** The pinned root key, once there is one. */
  anchors: TrustAnchors;
}

export interface ListWorld {
  readonly clock: WorldClock;
  readonly coverage: Coverage;
  readonly schedule: ListSchedule;
  readonly removed: ListGuards;
  readonly judge: ListJudge;
  /** KMS and the tables of the Region do not answer until then. */
  readonly downUntilMs: Map<number, number>;
  readonly through: ReturnType<typeof limitCalls>;
  readonly tell: (what: string) => void;
  readonly onDefect: (error: unknown) => void;
}

export function policyOf({ policy }: Pick<ListSchedule, "policy">, ring: string): RingPolicy {
  return createPolicy({ ...policy, ring, issuer: "https://auth.example.com" });
}
