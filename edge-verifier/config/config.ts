/**
 * The Worker's vars and bindings, checked and turned into what verification and forwarding need. All problems are reported at
 * once and by the name of the variable; a value is never repeated. Reads nothing from KV and makes no request.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { ok } from "../../shared/result.ts";
import { parseAudience, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import { isRev } from "../../shared/key-set.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS } from "../../shared/verify-token.ts";
import type { TokenPolicy, TokenTyp } from "../../shared/verify-token.ts";
import { importTrustAnchors, isSignedKeySet, MAX_TRUST_ANCHORS } from "../../shared/signed-key-set.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import { isFetcher, isKeySetNamespace, readJson, readList, readOriginUrl, readWholeNumber } from "./values.ts";
import type { Bindings, Fetcher } from "./values.ts";
import { DEFAULT_RING, readByRing, RING_NAMES } from "../../shared/rings.ts";
import type { ReportProblem, RingOption } from "../../shared/rings.ts";
import type { KeySetNamespace } from "../../shared/keys/key-set-reader.ts";
import type { KeySetConfig, RingConfig } from "../../shared/keys/verification.ts";

/** What decides which key set is held, and where its documents are. */
export interface KeySetSettings extends KeySetConfig {
  readonly keySets: KeySetNamespace;
}

/** Where requests go. */
export interface OriginTarget {
  readonly fetcher: Fetcher;
  /** Scheme, authority and path prefix, without a slash at the end; the raw path and query are appended. */
  readonly base: string;
  /** How the path of every such request begins, in whole segments; the origin gets what follows. */
  readonly mount: string;
}

/** What forwarding needs. */
export interface OriginConfig extends OriginTarget {
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

const DEFAULT_ORIGIN_TIMEOUT_SECONDS = 60;
const MAX_ORIGIN_TIMEOUT_SECONDS = 600;

/** The URL that a bound origin without `ORIGIN_URL` sees. RFC 2606 reserves ".invalid": no server can have this name. */
const BOUND_ORIGIN_BASE = "https://origin.invalid";

/** Takes what is wrong with a variable; never its value. */
export type Report = ReportProblem;

export function collectProblems(): { readonly problems: readonly ConfigProblem[]; readonly report: Report } {
  const problems: ConfigProblem[] = [];
  return {
    problems,
    report: (variable, problem) => {
      problems.push({ variable, problem });
    },
  };
}

/**
 * Reads `ISSUER`, `RING`, `TRUST_ANCHORS`, `MIN_REV`, `BOOTSTRAP_KEY_SET` and `KEY_SETS`.
 * @param importAnchors for a caller that reads the same anchors again and again, and remembers what came of them
 * @returns what counts only if no problem was reported; undefined if something is missing
 */
export async function readKeySetSettings(
  env: Bindings,
  report: Report,
  importAnchors: typeof importTrustAnchors = importTrustAnchors,
): Promise<KeySetSettings | undefined> {
  const issuer = readIssuer(env, report);
  const rings = await readRings(env, importAnchors, report);
  const keySets = env["KEY_SETS"];
  if (!isKeySetNamespace(keySets)) return report("KEY_SETS", "must be a KV namespace binding");
  return issuer && { issuer, rings, keySets };
}

async function readRings(
  env: Bindings,
  importAnchors: typeof importTrustAnchors,
  report: Report,
): Promise<readonly RingConfig[]> {
  const names = readParts(env["RING"] ?? DEFAULT_RING, "RING", parseRingName, RING_NAMES, report);
  if (new Set(names).size < names.length) report("RING", "must name each ring once");
  const readEach = (variable: string): readonly RingOption[] => {
    const json = readJson(env[variable]);
    return readByRing(variable, isJsonObject(json) ? json : env[variable], names, report);
  };
  const anchors = readEach("TRUST_ANCHORS");
  const minRevs = readEach("MIN_REV");
  const bootstraps = readEach("BOOTSTRAP_KEY_SET");
  const rings: RingConfig[] = [];
  for (const [index, ring] of names.entries()) {
    const pinned = await readAnchors(anchors[index], importAnchors, report);
    const minRev = readMinRev(minRevs[index], report);
    const bootstrapKeySet = readBootstrap(bootstraps[index], report);
    if (pinned && minRev) rings.push({ ring, anchors: pinned, minRev, bootstrapKeySet });
  }
  return rings;
}

/**
 * Reads the origin: the binding `ORIGIN` is called if there is one, `ORIGIN_URL` is what it is asked for.
 * @returns what counts only if no problem was reported; undefined if something is missing
 */
export function readOriginConfig(env: Bindings, report: Report): OriginConfig | undefined {
  const target = readOriginTarget(env, report);
  const timeoutSeconds = readWholeNumber(env["ORIGIN_TIMEOUT_SECONDS"] ?? DEFAULT_ORIGIN_TIMEOUT_SECONDS) ?? 0;
  if (timeoutSeconds < 1 || timeoutSeconds > MAX_ORIGIN_TIMEOUT_SECONDS) {
    report("ORIGIN_TIMEOUT_SECONDS", `must be a whole number from 1 to ${MAX_ORIGIN_TIMEOUT_SECONDS}`);
  }
  const forward = env["FORWARD_AUTHORIZATION"] ?? "keep";
  if (forward !== "keep" && forward !== "remove") report("FORWARD_AUTHORIZATION", 'must be "keep" or "remove"');
  return target && { ...target, timeoutMs: timeoutSeconds * 1000, forwardAuthorization: forward === "keep" };
}

function readIssuer(env: Bindings, report: Report): IssuerUrl | undefined {
  if (env["ISSUER"] === undefined) return report("ISSUER", "is missing");
  const issuer = parseIssuerUrl(env["ISSUER"]);
  return issuer.ok ? issuer.value : report("ISSUER", issuer.error);
}

async function readAnchors(
  option: RingOption | undefined,
  importAnchors: typeof importTrustAnchors,
  report: Report,
): Promise<TrustAnchors | undefined> {
  if (option === undefined) return undefined;
  const { name } = option;
  if (option.value === undefined) return report(name, "is missing");
  const value = readJson(option.value);
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_TRUST_ANCHORS) {
    return report(name, `must be a JSON array of 1 to ${MAX_TRUST_ANCHORS} public JWKs`);
  }
  const anchors = await importAnchors(value);
  if (anchors.ok) return anchors.value;
  for (const { index, problem } of anchors.error) report(name, `[${index}] ${problem}`);
  return undefined;
}

function readMinRev(option: RingOption | undefined, report: Report): number | undefined {
  const minRev = readWholeNumber(option?.value ?? 1);
  return isRev(minRev) ? minRev : option && report(option.name, "must be a positive whole number");
}

function readBootstrap(option: RingOption | undefined, report: Report): string | undefined {
  if (option?.value === undefined) return undefined;
  const text = typeof option.value === "string" ? option.value.trim() : "";
  return isSignedKeySet(text) ? text : report(option.name, "must be a signed key set document");
}

/**
 * Reads `AUDIENCE`, `TOKEN_ALGS` and `TOKEN_TYPS`. Needs neither I/O nor a promise.
 * @returns what counts only if no problem was reported
 */
export function readTokenPolicy(env: Bindings, report: Report): Omit<TokenPolicy, "issuer"> {
  const names = "names of at most 512 visible ASCII characters";
  const audiences =
    env["AUDIENCE"] === undefined
      ? (report("AUDIENCE", "is missing") ?? [])
      : readParts(env["AUDIENCE"], "AUDIENCE", parseAudience, names, report);
  const algs = readChoices<Alg>(env, "TOKEN_ALGS", ALGS, report);
  const typs: readonly (TokenTyp | undefined)[] =
    env["TOKEN_TYPS"] === undefined
      ? [undefined, ...TOKEN_TYPS]
      : readChoices<TokenTyp>(env, "TOKEN_TYPS", TOKEN_TYPS, report);
  return { audiences, algs: new Set(algs), typs: new Set(typs), maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES };
}

/** A list of which every part must be read; one that cannot be is a problem, never ignored. */
function readParts<Part>(
  value: unknown,
  variable: string,
  read: (part: string) => Part | undefined,
  parts: string,
  report: Report,
): readonly Part[] {
  const found = readList(value)?.map(read) ?? [];
  const valid = found.filter((part) => part !== undefined);
  if (valid.length === 0 || valid.length < found.length) {
    report(variable, `must be a comma-separated list of ${parts}`);
  }
  return valid;
}

/** A list that narrows what is accepted; all of it by default. */
function readChoices<Choice extends string>(
  env: Bindings,
  variable: string,
  choices: readonly Choice[],
  report: Report,
): readonly Choice[] {
  return readParts(
    env[variable] ?? choices,
    variable,
    (name) => choices.find((choice) => choice === name),
    choices.join(", "),
    report,
  );
}

const INTERNET: Fetcher = { fetch: (request) => fetch(request) };

/**
 * @param suffix behind the names `ORIGIN` and `ORIGIN_URL`
 * @param boundBase the URL that a bound origin without a URL sees
 */
export function readOriginTarget(
  env: Bindings,
  report: Report,
  suffix = "",
  boundBase: string = BOUND_ORIGIN_BASE,
): OriginTarget | undefined {
  const [binding, variable] = [`ORIGIN${suffix}`, `ORIGIN_URL${suffix}`];
  const { [binding]: fetcher = INTERNET, [variable]: url } = env;
  if (!isFetcher(fetcher)) return report(binding, "must be a binding with fetch");
  if (url === undefined && fetcher === INTERNET) {
    return report(variable, `is missing, and so is the binding ${binding}`);
  }
  const base = url === undefined ? ok(boundBase) : readOriginUrl(url);
  return base.ok ? { fetcher, base: base.value, mount: "" } : report(variable, base.error);
}
