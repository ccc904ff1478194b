/** Environment variables to everything that a rotator needs to know. */
import { err, ok } from "../../shared/result.ts";
import type { RingPortsOptions } from "../key-ring/ports.ts";
import type { RevocationsPublisher } from "../publish/publisher.ts";
import { createDynamoDbRevocations, isTable, TABLE_RULE } from "../revocations/dynamodb/store.ts";
import type { RingPolicy } from "../key-ring/policy.ts";
import { createEnvironmentReader, readRing } from "./environment.ts";
import type { Environment, NameOf } from "./environment.ts";
import { readPublishing } from "./publishing.ts";
import type { PublishConfig } from "./publishing.ts";
import { readRingKms } from "./ring-kms.ts";
import type { RingKms } from "./ring-kms.ts";
import { readPolicy } from "./ring-policy.ts";

export interface RingConfig {
  readonly policy: RingPolicy;
  readonly publish: PublishConfig;
  /** Where the ring's keys are: options of `createAwsKms`. */
  readonly kms: RingKms;
  /** The DynamoDB table of the ring's revocations, by name or ARN; undefined where single tokens cannot be taken back. */
  readonly revocationTable: string | undefined;
}

/**
 * Reads the variables of publishing (`readPublishConfig`), the policy of the ring (`readRingPolicy`), where its keys are, and
 * `SEALGATE_REVOCATION_TABLE`.
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable and member of the policy that is missing or wrong
 */
export function readRingConfig(env: Environment, nameOf?: NameOf): RingConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const publish = readPublishing(reader);
  const ring = readRing(reader);
  const policy = readPolicy(reader, ring);
  const kms = ring === undefined ? {} : readRingKms(reader, ring);
  const revocationTable = reader.read("SEALGATE_REVOCATION_TABLE", (text) => {
    if (text === undefined || isTable(text)) return ok(text);
    return err(text.includes(",") ? `${TABLE_RULE}: only revokers take several tables` : TABLE_RULE);
  });
  if (policy === undefined || publish === undefined || reader.hasProblems) throw reader.failure();
  return { policy, publish, kms, revocationTable };
}

/** What a rotator does about taken-back tokens; see `RingPortsOptions`. Without a table it ends a list that there was. */
export function revocationPorts(
  { revocationTable }: Pick<RingConfig, "revocationTable">,
  publisher: RevocationsPublisher,
): NonNullable<RingPortsOptions["revocations"]> & {
  readonly store: ReturnType<typeof createDynamoDbRevocations> | undefined;
} {
  const store = revocationTable === undefined ? undefined : createDynamoDbRevocations(revocationTable);
  return { store, publisher };
}
