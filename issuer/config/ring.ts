/** Environment variables to everything that a rotator needs to know. */
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
}

/**
 * Reads the variables of publishing (`readPublishConfig`), the policy of the ring (`readRingPolicy`), and where its keys are.
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable and member of the policy that is missing or wrong
 */
export function readRingConfig(env: Environment, nameOf?: NameOf): RingConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const publish = readPublishing(reader);
  const ring = readRing(reader);
  const policy = readPolicy(reader, ring);
  const kms = ring === undefined ? {} : readRingKms(reader, ring);
  if (policy === undefined || publish === undefined || reader.hasProblems) throw reader.failure();
  return { policy, publish, kms };
}
