/** What callers of an issuer that runs by itself send, over whichever way: `{ claims, ttlSeconds?, audience?, typ? }`. Pure. */
import { isJsonObject } from "../shared/json.ts";
import { unknownOptionProblem } from "../shared/options.ts";
import type { KnownOptions } from "../shared/options.ts";
import { SealgateError } from "./errors.ts";
import { KNOWN_TOKEN_OPTIONS, SIGN_OPTION_HINTS } from "./issuer.ts";
import type { TokenOptions } from "./issuer.ts";

export interface SignRequest {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly options: TokenOptions;
}

const MEMBERS: KnownOptions<TokenOptions & { claims: unknown }> = { claims: true, ...KNOWN_TOKEN_OPTIONS };

/**
 * Strict: a misspelt option must not become a token with other properties than the caller believes.
 * @param what how the message calls the value
 * @throws SealgateError `input_invalid`
 */
export function parseSignRequest(value: unknown, what: string): SignRequest {
  if (!isJsonObject(value)) throw invalid(`The ${what} must be an object`);
  const problem = unknownOptionProblem(value, MEMBERS, SIGN_OPTION_HINTS);
  if (problem !== undefined) throw invalid(`The ${what} ${problem}`);
  const { claims, ttlSeconds, audience, typ } = value;
  if (!isJsonObject(claims)) throw invalid("claims must be an object");
  if (ttlSeconds !== undefined && typeof ttlSeconds !== "number") throw invalid("ttlSeconds must be a number");
  if (typ !== undefined && typ !== "JWT" && typ !== "at+jwt") throw invalid('typ must be "JWT" or "at+jwt"');
  const options = {
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(audience === undefined ? {} : { audience: parseAudiences(audience) }),
    ...(typ === undefined ? {} : { typ }),
  } satisfies TokenOptions;
  return { claims, options };
}

function parseAudiences(audience: unknown): string | readonly string[] {
  if (typeof audience === "string") return audience;
  const isListOfStrings = Array.isArray(audience) && audience.every((one): one is string => typeof one === "string");
  if (!isListOfStrings) throw invalid("audience must be a string or an array of strings");
  return audience;
}

function invalid(rule: string): SealgateError {
  return new SealgateError("input_invalid", `${rule}.`);
}
