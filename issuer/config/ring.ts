/** Environment variables to everything that a rotator needs to know. */
import type { RingPolicy } from "../key-ring/policy.ts";
import { createEnvironmentReader } from "./environment.ts";
import type { Environment, NameOf } from "./environment.ts";
import { readPublishing } from "./publishing.ts";
import type { PublishConfig } from "./publishing.ts";
import { readPolicy } from "./ring-policy.ts";

export interface RingConfig {
  readonly policy: RingPolicy;
  readonly publish: PublishConfig;
}

/**
 * Reads the variables of publishing (`readPublishConfig`) and the policy of the ring (`readRingPolicy`).
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable and member of the policy that is missing or wrong
 */
export function readRingConfig(env: Environment, nameOf?: NameOf): RingConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const publish = readPublishing(reader);
  const policy = readPolicy(reader);
  if (policy === undefined || publish === undefined) throw reader.failure();
  return { policy, publish };
}
