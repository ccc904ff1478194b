/** The options of `createIssuer`: what they are, what they must be, and what signs by them. */
import { randomUUID } from "node:crypto";
import { parseIssuerUrl } from "../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl } from "../shared/identifiers.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { KnownOptions, OptionHints } from "../shared/options.ts";
import { isWholeNumber } from "../shared/whole-number.ts";
import { systemClock } from "./clock.ts";
import { createRings } from "./rings.ts";
import type { Rings } from "./rings.ts";
import type { RingMember, Signer, SignerPool, SignerSource } from "./signer.ts";
import { singleSource } from "./use-signer.ts";

export interface IssuerSettings {
  /** `iss` of every token: an https URL without query or fragment (http for loopback hosts). */
  readonly issuer: string;
  /** Longest lifetime of a token, in seconds. What edges accept, and how long keys are kept, follows from it. */
  readonly maxTokenTtlSeconds: number;
  /** Lifetime of a token for which none is asked, in seconds. Default 300, or the maximum if that is shorter. */
  readonly defaultTtlSeconds?: number;
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
  /** A new `jti`, unique among all tokens; by default a random UUID. */
  readonly newJti?: () => string;
}

/** What signs: one fixed signer; a ring, whose active key changes; or several rings, of which the first is home. */
export type SigningOptions =
  | { readonly signer: Signer; readonly ring?: undefined; readonly rings?: undefined }
  | { readonly ring: SignerSource; readonly signer?: undefined; readonly rings?: undefined }
  | {
      /** What `createRingSource` returns, for each ring; or `createRings` of them, whose state can be asked for. */
      readonly rings: readonly RingMember[] | Rings;
      readonly signer?: undefined;
      readonly ring?: undefined;
    };

export type IssuerOptions = IssuerSettings & SigningOptions;

const DEFAULT_TTL_SECONDS = 300;

const KNOWN_ISSUER_OPTIONS: KnownOptions<IssuerOptions> = {
  issuer: true,
  maxTokenTtlSeconds: true,
  defaultTtlSeconds: true,
  clock: true,
  newJti: true,
  signer: true,
  ring: true,
  rings: true,
};

const ISSUER_OPTION_HINTS: OptionHints = {
  kms: "signer, made by createKmsSigner({ kms, … })",
  keyId: "signer, made by createKmsSigner",
  iss: "issuer",
};

/** What lends the signers of an issuer with these options. */
export function poolOf(options: SigningOptions): SignerPool {
  const { signer, ring, rings } = options;
  if (rings !== undefined) return "use" in rings ? rings : createRings(rings);
  return singleSource(ring ?? { current: async () => signer });
}

export interface CheckedSettings extends Required<IssuerSettings> {
  readonly issuer: IssuerUrl;
}

/**
 * Completes the options with defaults.
 * @throws TypeError naming everything that is wrong with them
 */
export function checkIssuerOptions(options: IssuerOptions): CheckedSettings {
  refuseUnknownOptions("createIssuer", options, KNOWN_ISSUER_OPTIONS, ISSUER_OPTION_HINTS);
  const { maxTokenTtlSeconds } = options;
  const defaultTtlSeconds = options.defaultTtlSeconds ?? Math.min(DEFAULT_TTL_SECONDS, maxTokenTtlSeconds);
  const problems: string[] = [];
  const issuer = parseIssuerUrl(options.issuer);
  if (!issuer.ok) problems.push(`issuer ${issuer.error}`);
  if (!isWholeNumber(maxTokenTtlSeconds, 1))
    problems.push("maxTokenTtlSeconds must be a whole number of seconds above 0");
  else if (!isWholeNumber(defaultTtlSeconds, 1) || defaultTtlSeconds > maxTokenTtlSeconds) {
    problems.push("defaultTtlSeconds must be a whole number of seconds above 0 and at most maxTokenTtlSeconds");
  }
  const given = [options.signer, options.ring, options.rings].filter((one) => one !== undefined);
  if (given.length !== 1) problems.push("give either a signer, a ring, or rings");
  if (options.signer !== undefined && typeof options.signer.sign !== "function") {
    problems.push("signer must be what createKmsSigner resolves to: await it");
  }
  if (options.ring !== undefined && typeof options.ring.current !== "function") {
    problems.push(
      "ring must be what createRingSource returns, as in createIssuer({ ring: createRingSource(policy), … })",
    );
  }
  const { clock = systemClock, newJti = randomUUID } = options;
  for (const [name, value] of Object.entries({ clock, newJti })) {
    if (typeof value !== "function") problems.push(`${name} must be a function`);
  }
  if (!issuer.ok || problems.length > 0) throw new TypeError(`createIssuer: ${problems.join("; ")}`);
  return { issuer: issuer.value, maxTokenTtlSeconds, defaultTtlSeconds, clock, newJti };
}
