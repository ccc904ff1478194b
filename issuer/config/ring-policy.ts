/**
 * A ring's policy as people write it: as options in code, or as a JSON text in a file or variable. Pure; what a policy may
 * say is decided in key-ring/policy.ts. All problems are reported at once, and no value is repeated.
 */
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { isJsonObject, parseJsonObjectText } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions, OptionHints } from "../../shared/options.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { RingTiming } from "../../shared/timing.ts";
import { SealgateError } from "../errors.ts";
import { checkRingPolicy } from "../key-ring/policy.ts";
import type { RingPolicy, RingPolicyInput } from "../key-ring/policy.ts";

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
  const ring = parseRingName(options.ring);
  const issuer = parseIssuerUrl(options.issuer);
  const problems: string[] = [];
  if (ring === undefined) problems.push(`ring ${RING_NAME_RULE}`);
  if (!issuer.ok) problems.push(`issuer ${issuer.error}`);
  if (ring === undefined || !issuer.ok) throw new TypeError(`createRingPolicy: ${problems.join("; ")}`);
  const policy = checkRingPolicy({ ...options, ring, issuer: issuer.value });
  if (policy.ok) return policy.value;
  const rules = policy.error.map(({ member, rule }) => `${member} ${rule}`);
  throw new TypeError(`createRingPolicy: ${rules.join("; ")}`);
}

const KNOWN_TIMING: KnownOptions<RingTiming> = {
  kvCacheTtlSeconds: true,
  memoryTtlSeconds: true,
  clockSkewSeconds: true,
  maxTokenTtlSeconds: true,
  kvPropagationSeconds: true,
  signerLagSeconds: true,
};

const TIMING_HINTS: OptionHints = Object.fromEntries(Object.keys(KNOWN_TIMING).map((name) => [name, `timing.${name}`]));

const RING_NAME_RULE = "must be 1 to 63 of a-z, 0-9 and inner hyphens";

/** The ring that is meant where none is named. */
export const DEFAULT_RING = "main";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_RING` (default "main") and `SEALGATE_POLICY` (see {@link parseRingPolicy}). An empty
 * variable counts as missing.
 * @throws SealgateError `config_invalid`, naming every variable and member that is missing or wrong
 */
export function readRingPolicy(env: Environment): RingPolicy {
  const names = readNames(env);
  if (!names.ok)
    throw new SealgateError("config_invalid", `The configuration of the ring is not usable: ${names.error}`);
  return parseRingPolicy(env["SEALGATE_POLICY"], names.value);
}

interface Names {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
}

function readNames(env: Environment): Result<Names, string> {
  const ring = parseRingName(present(env, "SEALGATE_RING") ?? DEFAULT_RING);
  const url = present(env, "SEALGATE_ISSUER");
  const issuer = url === undefined ? err("is missing") : parseIssuerUrl(url);
  if (ring !== undefined && issuer.ok) return ok({ ring, issuer: issuer.value });
  const problems = ring === undefined ? [`SEALGATE_RING ${RING_NAME_RULE}`] : [];
  return err([...problems, ...(issuer.ok ? [] : [`SEALGATE_ISSUER ${issuer.error}`])].join("; "));
}

function present(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

const TEXT_MEMBERS = ["alg", "keySpec", "rootAlg"];

const NUMBER_MEMBERS = [
  "rotateEverySeconds",
  "documentLifetimeSeconds",
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
  reconcileEverySeconds: true,
  composeDeadlineSeconds: true,
  publishDeadlineSeconds: true,
  kmsConsistencySeconds: true,
  downstreamCacheSeconds: true,
  kvSpreadSeconds: true,
  deleteAfterDays: true,
};

/**
 * Parses the text of a policy.
 * @param text a JSON object with members of `RingPolicyInput` other than ring and issuer, which are variables; undefined or
 *   blank for the defaults. An unknown member is an error: a misspelt rule must not silently be the default.
 * @throws SealgateError `config_invalid`, naming everything that is wrong
 */
export function parseRingPolicy(text: string | undefined, { ring, issuer }: Names): RingPolicy {
  const members = text === undefined || text.trim() === "" ? {} : parseMembers(text);
  // checkMembers has made sure that every member is known and has its type; what it may be is checked by the policy.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const input = { ...members, ring, issuer } as RingPolicyInput;
  const policy = checkRingPolicy(input);
  if (policy.ok) return policy.value;
  throw invalid(policy.error.map(({ member, rule }) => `${member} ${rule}`));
}

function parseMembers(text: string): JsonObject {
  const json = parseJsonObjectText(text);
  if (!json.ok) throw invalid([`it is not a JSON object (${json.error})`]);
  const problems = checkMembers(json.value);
  if (problems.length > 0) throw invalid(problems);
  return json.value;
}

function checkMembers(members: JsonObject): readonly string[] {
  return Object.entries(members).flatMap(([name, value]): readonly string[] => {
    if (name === "timing") return checkTiming(value);
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

function invalid(problems: readonly string[]): SealgateError {
  return new SealgateError("config_invalid", `The policy of the ring is not usable: ${problems.join("; ")}.`);
}
