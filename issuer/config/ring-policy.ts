/**
 * A ring's policy as people write it: as options in code, or as a JSON text in a file or variable. Pure; what a policy may
 * say is decided in key-ring/policy.ts. All problems are reported at once, and no value is repeated.
 */
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { RingName } from "../../shared/identifiers.ts";
import { isJsonObject, parseJsonObjectText } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions, OptionHints } from "../../shared/options.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { RingTiming } from "../../shared/timing.ts";
import { checkRingPolicy } from "../key-ring/policy.ts";
import { newKeysTypeProblems } from "../key-ring/new-keys.ts";
import type { NewKeys } from "../key-ring/new-keys.ts";
import type { PolicyProblem, RingPolicy, RingPolicyInput } from "../key-ring/policy.ts";
import { RING_NAME_RULE, createEnvironmentReader, ofRing, readIssuer, readRing } from "./environment.ts";
import type { Environment, EnvironmentReader, NameOf } from "./environment.ts";

/** `RingPolicyInput` with plain strings for ring and issuer. */
export interface RingPolicyOptions extends Omit<RingPolicyInput, "ring" | "issuer"> {
  /** 1 to 63 of a-z, 0-9 and inner hyphens. */
  readonly ring: string;
  /** An https URL without query or fragment (http for loopback hosts). */
  readonly issuer: string;
}

/**
 * Makes a policy.
 * @throws TypeError naming everything that is wrong with it
 */
export function createRingPolicy(options: RingPolicyOptions): RingPolicy {
  refuseUnknownOptions("createRingPolicy", options, KNOWN_OPTIONS, TIMING_HINTS);
  if (options.timing !== undefined) refuseUnknownOptions("createRingPolicy, timing", options.timing, KNOWN_TIMING);
  if (options.newKeys !== undefined) refuseUnknownOptions("createRingPolicy, newKeys", options.newKeys, KNOWN_NEW_KEYS);
  const ring = parseRingName(options.ring);
  const issuer = parseIssuerUrl(options.issuer);
  const problems: string[] = [];
  if (ring === undefined) problems.push(`ring ${RING_NAME_RULE}`);
  if (!issuer.ok) problems.push(`issuer ${issuer.error}`);
  if (ring === undefined || !issuer.ok) throw new TypeError(`createRingPolicy: ${problems.join("; ")}`);
  const policy = checkRingPolicy({ ...options, ring, issuer: issuer.value });
  if (policy.ok) return policy.value;
  throw new TypeError(`createRingPolicy: ${describeProblems(policy.error)}`);
}

const KNOWN_TIMING: KnownOptions<RingTiming> = {
  kvCacheTtlSeconds: true,
  memoryTtlSeconds: true,
  clockSkewSeconds: true,
  maxTokenTtlSeconds: true,
  kvPropagationSeconds: true,
  signerLagSeconds: true,
};

const KNOWN_NEW_KEYS: KnownOptions<NewKeys> = { tags: true, keyPolicy: true, description: true };

const TIMING_HINTS: OptionHints = Object.fromEntries(Object.keys(KNOWN_TIMING).map((name) => [name, `timing.${name}`]));

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_RING` (default "main") and `SEALGATE_POLICY`: a JSON object with members of
 * `RingPolicyInput` other than ring and issuer, or nothing for the defaults. An unknown member is an error: a misspelt rule
 * must not silently be the default. An empty variable counts as missing.
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable and member that is missing or wrong
 */
export function readRingPolicy(env: Environment, nameOf?: NameOf): RingPolicy {
  const reader = createEnvironmentReader(env, nameOf);
  const policy = readPolicy(reader, readRing(reader));
  if (policy === undefined) throw reader.failure();
  return policy;
}

/**
 * The policy of a ring: `SEALGATE_POLICY_<RING>` if it is set, and `SEALGATE_POLICY` otherwise.
 * @returns undefined after noting what is missing or wrong
 */
export function readPolicy(reader: EnvironmentReader, ring: RingName | undefined): RingPolicy | undefined {
  const issuer = readIssuer(reader);
  const own = ring === undefined ? undefined : ofRing("SEALGATE_POLICY", ring);
  const variable = own !== undefined && reader.text(own) !== undefined ? own : "SEALGATE_POLICY";
  const members = reader.read(variable, parseMembers);
  if (ring === undefined || issuer === undefined || members === undefined) return undefined;
  // parseMembers has made sure that every member is known and has its type; what it may be is checked by the policy.
  const policy = checkRingPolicy({ ...members, ring, issuer });
  if (policy.ok) return policy.value;
  reader.note(variable, `cannot be met: ${describeProblems(policy.error)}`);
  return undefined;
}

function describeProblems(problems: readonly PolicyProblem[]): string {
  return problems.map(({ member, rule }) => `${member} ${rule}`).join("; ");
}

const TEXT_MEMBERS = ["alg", "keySpec", "rootAlg"];

const NUMBER_MEMBERS = [
  "rotateEverySeconds",
  "documentLifetimeSeconds",
  "revocationLifetimeSeconds",
  "reconcileEverySeconds",
  "composeDeadlineSeconds",
  "publishDeadlineSeconds",
  "kvSpreadSeconds",
  "downstreamCacheSeconds",
  "kmsConsistencySeconds",
  "deleteAfterDays",
];

const KNOWN_OPTIONS: KnownOptions<RingPolicyOptions> = {
  ring: true,
  issuer: true,
  timing: true,
  alg: true,
  keySpec: true,
  rootAlg: true,
  rotateEverySeconds: true,
  documentLifetimeSeconds: true,
  revocationLifetimeSeconds: true,
  reconcileEverySeconds: true,
  composeDeadlineSeconds: true,
  publishDeadlineSeconds: true,
  kmsConsistencySeconds: true,
  downstreamCacheSeconds: true,
  kvSpreadSeconds: true,
  newKeys: true,
  deleteAfterDays: true,
};

function parseMembers(text = "{}"): Result<JsonObject, string> {
  const json = parseJsonObjectText(text.trim() === "" ? "{}" : text);
  if (!json.ok) return err(`is not a JSON object (${json.error})`);
  const problems = checkMembers(json.value);
  return problems.length === 0 ? ok(json.value) : err(`is not a policy: ${problems.join("; ")}`);
}

function checkMembers(members: JsonObject): readonly string[] {
  return Object.entries(members).flatMap(([name, value]): readonly string[] => {
    if (name === "timing") return checkTiming(value);
    if (name === "newKeys") return newKeysTypeProblems(value);
    if (TEXT_MEMBERS.includes(name)) return typeof value === "string" ? [] : [`${name} must be a string`];
    if (NUMBER_MEMBERS.includes(name)) return typeof value === "number" ? [] : [`${name} must be a number`];
    return [`${JSON.stringify(name)} is not a member of a policy`];
  });
}

function checkTiming(timing: unknown): readonly string[] {
  if (!isJsonObject(timing)) return ["timing must be an object"];
  return Object.entries(timing).flatMap(([name, value]) => {
    if (!Object.hasOwn(KNOWN_TIMING, name)) return [`timing.${JSON.stringify(name)} is not a member of a policy`];
    return typeof value === "number" ? [] : [`timing.${name} must be a number`];
  });
}
