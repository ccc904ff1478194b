/**
 * Environment variables and a policy text to everything that a rotator needs to know. Pure: the variables are passed in.
 */
import type { RingPolicy } from "../key-ring/policy.ts";
import { readPublishConfig } from "./publishing.ts";
import type { Environment, PublishConfig } from "./publishing.ts";
import { parseRingPolicy } from "./ring-policy.ts";

export interface RingConfig {
  readonly policy: RingPolicy;
  readonly publish: PublishConfig;
}

/**
 * Reads the variables of publishing (`readPublishConfig`) and the policy of the ring.
 * @param policyText see `parseRingPolicy`; undefined for the defaults
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, or every member of the policy
 */
export function readRingConfig(env: Environment, policyText: string | undefined): RingConfig {
  const publish = readPublishConfig(env);
  return { policy: parseRingPolicy(policyText, publish), publish };
}
