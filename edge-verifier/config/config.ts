/**
 * The Worker's vars and bindings, checked and turned into a {@link VerifierConfig}. All problems are reported at once and
 * by the name of the variable; a value is never repeated. Reads nothing from KV and makes no request.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseAudience, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import { isRev } from "../../shared/key-set.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { importTrustAnchors, MAX_KEY_SET_BYTES, MAX_TRUST_ANCHORS } from "../../shared/signed-key-set.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS } from "../../shared/verify-token.ts";
import type { TokenPolicy, TokenTyp } from "../../shared/verify-token.ts";
import { isAbsent, isFetcher, isKeySetNamespace, readList, readOriginUrl, readWholeNumber } from "./values.ts";
import type { Fetcher } from "./values.ts";
import type { KeySetNamespace } from "../../shared/keys/key-set-reader.ts";
import type { KeySetConfig } from "../../shared/keys/verification.ts";

/** What decides which key set is held, and where its documents are. */
export interface KeySetSettings extends KeySetConfig {
  readonly keySets: KeySetNamespace;
}

/** What verification needs; the Hono middleware needs nothing else. */
export interface VerifierConfig {
  readonly keySet: KeySetSettings;
  readonly tokenPolicy: TokenPolicy;
}

/** What forwarding needs in addition. */
export interface OriginConfig {
  readonly fetcher: Fetcher;
  /** Scheme, authority and path prefix, without a slash at the end; the raw path and query are appended. */
  readonly base: string;
  /** From forwarding to the origin's response headers; the body may take longer. */
  readonly timeoutMs: number;
  /** Whether the origin sees the token. */
  readonly forwardAuthorization: boolean;
}

/** `variable` is a var or binding, or `routes` for the route policy. */
export interface ConfigProblem {
  readonly variable: string;
  readonly problem: string;
}

/** Unchecked vars and bindings: what the platform calls `env`. */
export type Bindings = Readonly<Record<string, unknown>>;

const DEFAULT_RING = "main";
const DEFAULT_ORIGIN_TIMEOUT_SECONDS = 60;
const MAX_ORIGIN_TIMEOUT_SECONDS = 600;

/** The URL that a bound origin without `ORIGIN_URL` sees. RFC 2606 reserves ".invalid": it can never name somebody's server. */
const BOUND_ORIGIN_BASE = "https://origin.invalid";

/** @returns the configuration, or every problem. */
export async function readVerifierConfig(env: Bindings): Promise<Result<VerifierConfig, readonly ConfigProblem[]>> {
  const keySet = await readKeySetSettings(env);
  const tokenPolicy = readTokenPolicy(env);
  if (keySet.ok && tokenPolicy.ok) {
    const { issuer } = keySet.value;
    return ok({ keySet: keySet.value, tokenPolicy: { ...tokenPolicy.value, issuer } });
  }
  return err([...problemsOf(keySet), ...problemsOf(tokenPolicy)]);
}

export function problemsOf<Problem>(result: Result<unknown, readonly Problem[]>): readonly Problem[] {
  return result.ok ? [] : result.error;
}

/**
 * @param importAnchors for a caller that reads the same anchors again and again, and remembers what came of them
 * @returns `ISSUER`, `RING`, `TRUST_ANCHORS`, `MIN_REV`, `BOOTSTRAP_KEY_SET` and `KEY_SETS`, or every problem
 */
export async function readKeySetSettings(
  env: Bindings,
  importAnchors: typeof importTrustAnchors = importTrustAnchors,
): Promise<Result<KeySetSettings, readonly ConfigProblem[]>> {
  const { problems, report } = collectProblems();
  const issuer = readIssuer(env, report);
  const ring = parseRingName(env["RING"] ?? DEFAULT_RING) ?? report("RING", "must be 1 to 63 of a-z, 0-9 and inner -");
  const anchors = await readAnchors(env, importAnchors, report);
  const minRev = readMinRev(env, report);
  const bootstrapKeySet = readBootstrap(env, report);
  const keySets = isKeySetNamespace(env["KEY_SETS"])
    ? env["KEY_SETS"]
    : report("KEY_SETS", "must be a KV namespace binding");
  if (
    issuer === undefined ||
    ring === undefined ||
    anchors === undefined ||
    keySets === undefined ||
    problems.length > 0
  ) {
    return err(problems);
  }
  return ok({ issuer, ring, anchors, minRev, bootstrapKeySet, keySets });
}

/** @returns the origin, or every problem. The binding `ORIGIN` is called if there is one, `ORIGIN_URL` is what it is asked for. */
export function readOriginConfig(env: Bindings): Result<OriginConfig, readonly ConfigProblem[]> {
  const { problems, report } = collectProblems();
  const target = readOrigin(env, report);
  const timeoutSeconds = readWholeNumber(env["ORIGIN_TIMEOUT_SECONDS"] ?? DEFAULT_ORIGIN_TIMEOUT_SECONDS);
  if (timeoutSeconds === undefined || timeoutSeconds < 1 || timeoutSeconds > MAX_ORIGIN_TIMEOUT_SECONDS) {
    report("ORIGIN_TIMEOUT_SECONDS", `must be a whole number from 1 to ${MAX_ORIGIN_TIMEOUT_SECONDS}`);
  }
  const forward = env["FORWARD_AUTHORIZATION"] ?? "keep";
  if (forward !== "keep" && forward !== "remove") report("FORWARD_AUTHORIZATION", 'must be "keep" or "remove"');
  if (target === undefined || timeoutSeconds === undefined || problems.length > 0) return err(problems);
  return ok({ ...target, timeoutMs: timeoutSeconds * 1000, forwardAuthorization: forward === "keep" });
}

/** Takes what is wrong with a variable; never its value. */
export type Report = (variable: string, problem: string) => undefined;

export function collectProblems(): { readonly problems: readonly ConfigProblem[]; readonly report: Report } {
  const problems: ConfigProblem[] = [];
  return {
    problems,
    report: (variable, problem) => {
      problems.push({ variable, problem });
    },
  };
}

function readIssuer(env: Bindings, report: Report): IssuerUrl | undefined {
  if (isAbsent(env["ISSUER"])) return report("ISSUER", "is missing");
  const issuer = parseIssuerUrl(env["ISSUER"]);
  return issuer.ok ? issuer.value : report("ISSUER", issuer.error);
}

async function readAnchors(
  env: Bindings,
  importAnchors: typeof importTrustAnchors,
  report: Report,
): Promise<TrustAnchors | undefined> {
  const variable = "TRUST_ANCHORS";
  let value = env[variable];
  if (isAbsent(value)) return report(variable, "is missing");
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return report(variable, "must be JSON");
    }
  }
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_TRUST_ANCHORS) {
    return report(variable, `must be a JSON array of 1 to ${MAX_TRUST_ANCHORS} public JWKs`);
  }
  const anchors = await importAnchors(value);
  if (anchors.ok) return anchors.value;
  for (const { index, problem } of anchors.error) report(variable, `[${index}] ${problem}`);
  return undefined;
}

function readMinRev(env: Bindings, report: Report): number {
  const minRev = isAbsent(env["MIN_REV"]) ? 1 : readWholeNumber(env["MIN_REV"]);
  if (isRev(minRev)) return minRev;
  report("MIN_REV", "must be a positive whole number");
  return 1;
}

function readBootstrap(env: Bindings, report: Report): string | undefined {
  const value = env["BOOTSTRAP_KEY_SET"];
  if (isAbsent(value)) return undefined;
  if (typeof value === "string" && value.length <= MAX_KEY_SET_BYTES) return value.trim();
  return report("BOOTSTRAP_KEY_SET", "must be a signed key set document");
}

/** @returns `AUDIENCE`, `TOKEN_ALGS` and `TOKEN_TYPS`, or every problem. Needs neither I/O nor a promise. */
export function readTokenPolicy(env: Bindings): Result<Omit<TokenPolicy, "issuer">, readonly ConfigProblem[]> {
  const { problems, report } = collectProblems();
  const names = "names of at most 512 visible ASCII characters";
  const audiences = isAbsent(env["AUDIENCE"])
    ? report("AUDIENCE", "is missing")
    : readParts(env, "AUDIENCE", parseAudience, names, report);
  const algs = isAbsent(env["TOKEN_ALGS"]) ? ALGS : readChoices<Alg>(env, "TOKEN_ALGS", ALGS, report);
  const typs: readonly (TokenTyp | undefined)[] = isAbsent(env["TOKEN_TYPS"])
    ? [undefined, ...TOKEN_TYPS]
    : readChoices<TokenTyp>(env, "TOKEN_TYPS", TOKEN_TYPS, report);
  if (audiences === undefined || problems.length > 0) return err(problems);
  return ok({ audiences, algs: new Set(algs), typs: new Set(typs), maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES });
}

/** A list of which every part must be read; one that cannot be is a problem, never ignored. */
function readParts<Part>(
  env: Bindings,
  variable: string,
  read: (part: string) => Part | undefined,
  parts: string,
  report: Report,
): readonly Part[] {
  const found = readList(env[variable])?.map(read) ?? [];
  const valid = found.filter((part) => part !== undefined);
  if (valid.length === 0 || valid.length < found.length) {
    report(variable, `must be a comma-separated list of ${parts}`);
  }
  return valid;
}

/** A list that narrows what is accepted. */
function readChoices<Choice extends string>(
  env: Bindings,
  variable: string,
  choices: readonly Choice[],
  report: Report,
): readonly Choice[] {
  return readParts(env, variable, (name) => choices.find((choice) => choice === name), choices.join(", "), report);
}

function readOrigin(env: Bindings, report: Report): Pick<OriginConfig, "fetcher" | "base"> | undefined {
  const { ORIGIN: binding, ORIGIN_URL: url } = env;
  const isBound = !isAbsent(binding);
  if (isBound && !isFetcher(binding)) return report("ORIGIN", "must be a binding with fetch");
  if (!isBound && isAbsent(url)) return report("ORIGIN_URL", "is missing, and so is the binding ORIGIN");
  const base = isAbsent(url) ? ok(BOUND_ORIGIN_BASE) : readOriginUrl(url);
  if (!base.ok) return report("ORIGIN_URL", base.error);
  return { fetcher: isFetcher(binding) ? binding : { fetch: (request) => fetch(request) }, base: base.value };
}
