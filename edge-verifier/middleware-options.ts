/**
 * The middleware's options, and what they are for one request. Options that are functions are asked for every request, and
 * hold for that request alone; what is read from equal answers is read once.
 */
import type { Context } from "hono";
import type { Alg } from "../shared/algorithms.ts";
import type { KeySetNamespace } from "../shared/keys/key-set-reader.ts";
import { err, ok } from "../shared/result.ts";
import type { ByRing } from "../shared/ring-keys.ts";
import type { Result } from "../shared/result.ts";
import { importTrustAnchors } from "../shared/signed-key-set.ts";
import type { TokenPolicy, TokenTyp } from "../shared/verify-token.ts";
import { isAbsent } from "./config/values.ts";
import type { Bindings } from "./config/values.ts";
import { collectProblems, readKeySetSettings, readTokenPolicy } from "./config/config.ts";
import type { ConfigProblem } from "./config/config.ts";
import type { AcceptedIssuers } from "./accept-issuers.ts";
import { nameKeySet } from "./verification.ts";
import type { NamedKeySet } from "./verification.ts";

/** A value, or how to get it from the context of a request. */
export type Setting<Value> = Value | ((c: Context) => Value | Promise<Value>);

/**
 * An option that is left out is read from the variable or binding of the same meaning in `c.env`; if it is missing there
 * too, the request is answered 500 `config_invalid`. So is a request for which a function returns nothing. Leaving something
 * out never switches a check off.
 */
export interface SealgateOptions {
  /** `ISSUER`. */
  readonly issuer?: Setting<string>;
  /** `AUDIENCE`: the token must name one of them. */
  readonly audience?: Setting<string | readonly string[]>;
  /** `TRUST_ANCHORS`: the pinned root keys, as JSON text or as an array of public JWKs. */
  readonly trustAnchors?: Setting<string | ByRing<readonly object[]>>;
  /** `KEY_SETS`. A function must return the same binding for the same namespace, not a new object for each request. */
  readonly kv?: Setting<KeySetNamespace>;
  /** `RING`, "main" by default; several names as text or array. */
  readonly ring?: Setting<string | readonly string[]>;
  /** `MIN_REV`. */
  readonly minRev?: Setting<ByRing<number | string>>;
  /** `BOOTSTRAP_KEY_SET`. */
  readonly bootstrapKeySet?: Setting<ByRing<string>>;
  /** `REVOCATIONS`: "required" refuses tokens that were taken back, and every token while there is no list. Not read by default. */
  readonly revocations?: Setting<"required">;
  /** `TOKEN_ALGS`: narrows the accepted algorithms; all of the table by default. */
  readonly alg?: Setting<readonly Alg[]>;
  /** `TOKEN_TYPS`: narrows the accepted `typ`; absent, JWT and at+jwt by default. */
  readonly typ?: Setting<readonly TokenTyp[]>;
  /** The header that carries the credentials; `Authorization` by default. */
  readonly headerName?: string;
  /** The word before the token in that header; "Bearer" by default. `false`: the token stands alone. */
  readonly headerScheme?: string | false;
  /**
   * A cookie that may carry the token instead, by any name of RFC 6265; none by default. Unlike `hono/jwk`, credentials in both places are refused,
   * and so is a request with the cookie that could change something and that a page of another site has made.
   */
  readonly cookie?: string;
  /** The realm of the challenge; "sealgate" by default. */
  readonly realm?: string;
  /** Lets requests without credentials through, without `jwtPayload`. A bad token is refused all the same. */
  readonly allow_anon?: boolean;
  /** Other issuers whose tokens are accepted as well; none by default. Trusts them for each scope that is asked for. */
  readonly foreign?: AcceptedIssuers;
  /** Epoch milliseconds; the platform's clock by default. */
  readonly clock?: () => number;
}

/** What one request is verified with. */
export interface RequestSettings {
  readonly keySet: NamedKeySet;
  readonly policy: TokenPolicy;
}

const KEY_SET_OPTIONS = {
  ISSUER: "issuer",
  RING: "ring",
  TRUST_ANCHORS: "trustAnchors",
  MIN_REV: "minRev",
  BOOTSTRAP_KEY_SET: "bootstrapKeySet",
  KEY_SETS: "kv",
  REVOCATIONS: "revocations",
} as const;

const POLICY_OPTIONS = { AUDIENCE: "audience", TOKEN_ALGS: "alg", TOKEN_TYPS: "typ" } as const;

type OptionsByVariable = Readonly<Record<string, keyof SealgateOptions>>;

/** Reads the options for a request. */
export type SettingsReader = (c: Context) => Promise<Result<RequestSettings, readonly ConfigProblem[]>>;

export function createSettingsReader(options: SealgateOptions): SettingsReader {
  const keySetOf = rememberLast(async (bindings) => {
    const { problems, report } = collectProblems();
    const settings = await readKeySetSettings(bindings, report, importAnchorsOnce);
    const { REVOCATIONS: mode } = bindings;
    if (mode !== undefined && mode !== "required") report("REVOCATIONS", "must be required, or be left out");
    if (settings !== undefined && options.foreign?.includes(settings.issuer) === true)
      report("ISSUER", "must not be the issuer of an entry of acceptIssuers");
    return settings === undefined || problems.length > 0
      ? err(problems)
      : ok(nameKeySet(settings, mode === "required"));
  });
  const policyOf = rememberLast((bindings) => {
    const { problems, report } = collectProblems();
    const policy = readTokenPolicy(bindings, report);
    return problems.length > 0 ? err(problems) : ok(policy);
  });
  return async (c) => {
    const keySet = await keySetOf(await readBindings(options, KEY_SET_OPTIONS, c));
    const policy = await policyOf(await readBindings(options, POLICY_OPTIONS, c));
    if (keySet.ok && policy.ok) {
      const { issuer } = keySet.value.settings;
      return ok({ keySet: keySet.value, policy: { ...policy.value, issuer } });
    }
    return err([...(keySet.ok ? [] : keySet.error), ...(policy.ok ? [] : policy.error)]);
  };
}

/** The values for a request, under the names that variables of a Worker have. */
async function readBindings(options: SealgateOptions, names: OptionsByVariable, c: Context): Promise<Bindings> {
  // Outside of a Worker there may be no environment at all.
  const env: Bindings | undefined = c.env;
  const bindings: Record<string, unknown> = {};
  for (const [variable, name] of Object.entries(names)) {
    const option: unknown = options[name];
    const given = option === undefined ? env?.[variable] : option;
    const value: unknown = typeof option === "function" ? option(c) : given;
    const settled: unknown = value instanceof Promise ? await value : value;
    // `false` is no valid value of any option: an option that is there and says nothing must not become a default.
    const empty = option === undefined ? undefined : false;
    bindings[variable] = isAbsent(settled) ? empty : settled;
  }
  return bindings;
}

/**
 * The result for the last values again as long as they are the same. One result only, so that values which a stranger can
 * choose take no memory; and settled ones only, so that no request waits for another.
 */
function rememberLast<Made>(make: (bindings: Bindings) => Made | Promise<Made>): (bindings: Bindings) => Promise<Made> {
  let last: { readonly bindings: Bindings; readonly made: Made } | undefined;
  return async (bindings) => {
    if (last !== undefined && isSame(last.bindings, bindings)) return last.made;
    // A copy: an array that is changed later would otherwise be taken for the same.
    const copy = Object.fromEntries(
      Object.entries(bindings).map(([name, value]) => [name, isArray(value) ? [...value] : value]),
    );
    const made = await make(copy);
    last = { bindings: copy, made };
    return made;
  };
}

function isSame(before: Bindings, now: Bindings): boolean {
  for (const name in before) {
    const [one, other] = [before[name], now[name]];
    if (one === other) continue;
    if (!isArray(one) || !isArray(other) || one.length !== other.length) return false;
    if (!one.every((part, index) => part === other[index])) return false;
  }
  return true;
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

type ImportedAnchors = Awaited<ReturnType<typeof importTrustAnchors>>;

const importedAnchors = new Map<string, ImportedAnchors>();

const MAX_IMPORTED_ANCHORS = 32;

/** Importing takes WebCrypto; a middleware that is made in a handler, or a function, brings the same anchors each time. */
async function importAnchorsOnce(value: readonly unknown[]): Promise<ImportedAnchors> {
  const text = JSON.stringify(value);
  const known = importedAnchors.get(text);
  if (known !== undefined) return known;
  const parsed: readonly unknown[] = JSON.parse(text);
  const imported = await importTrustAnchors(parsed);
  if (importedAnchors.size >= MAX_IMPORTED_ANCHORS) importedAnchors.clear();
  importedAnchors.set(text, imported);
  return imported;
}
