/**
 * AWS Lambda handler that signs tokens: `{ claims, ttlSeconds?, audience?, typ? }` in, `{ token, kid, expiresAt }` out.
 * Invoke it directly (SDK, Step Functions); it is not an HTTP endpoint and authenticates nobody: who may invoke it, may have
 * any claims signed. Configuration by environment: see sign-config.ts.
 *
 * A failed invocation reports the fault's code as `errorType`
 * (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html), so that callers can tell faults apart.
 */
import { isJsonObject } from "../../shared/json.ts";
import { SealgateError } from "../errors.ts";
import { createIssuer } from "../issuer.ts";
import type { Issuer, SignOptions } from "../issuer.ts";
import { createKmsSigner } from "../kms/signer.ts";
import { namedByCode } from "../lambda-error.ts";
import { createRingSource } from "../ring-source.ts";
import { readSignConfig } from "../sign-config.ts";

/** What the function returns. */
export interface SignAnswer {
  readonly token: string;
  readonly kid: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/**
 * Signs one token.
 * @throws Error whose `name` is the code of a SealgateError: `input_invalid`, `claims_refused`, `lifetime_too_long`,
 *   `config_invalid`, `ring_…` or `kms_…`
 */
export async function handler(event: unknown): Promise<SignAnswer> {
  try {
    const { claims, options } = parseEvent(event);
    const issuer = await getIssuer();
    const { token, kid, expiresAt } = await issuer.sign(claims, options);
    return { token, kid, expiresAt };
  } catch (error) {
    throw error instanceof SealgateError ? namedByCode(error) : error;
  }
}

let resolved: Promise<Issuer> | undefined;

/** One issuer for the life of the container. A failure is reported and forgotten, so that the next invocation tries again. */
function getIssuer(): Promise<Issuer> {
  const current = (resolved ??= resolveIssuer());
  current.catch(() => {
    if (resolved === current) resolved = undefined;
  });
  return current;
}

async function resolveIssuer(): Promise<Issuer> {
  const { signWith, defaultTtlSeconds, ...others } = readSignConfig(process.env);
  const settings = { ...others, ...(defaultTtlSeconds === undefined ? {} : { defaultTtlSeconds }) };
  if (signWith.kind === "ring") return createIssuer({ ...settings, ring: createRingSource(signWith.policy) });
  const { keyId, alg } = signWith;
  return createIssuer({ ...settings, signer: await createKmsSigner({ keyId, alg }) });
}

const EVENT_MEMBERS = ["claims", "ttlSeconds", "audience", "typ"];

/** Strict: a misspelt option must not become a token with other properties than the caller believes. */
function parseEvent(event: unknown): { claims: object; options: SignOptions } {
  if (!isJsonObject(event)) throw invalid("The event must be an object");
  const unknown = Object.keys(event).filter((member) => !EVENT_MEMBERS.includes(member));
  if (unknown.length > 0)
    throw invalid(`The event has members that mean nothing here (allowed: ${EVENT_MEMBERS.join(", ")})`);
  const { claims, ttlSeconds, audience, typ } = event;
  if (!isJsonObject(claims)) throw invalid("claims must be an object");
  if (ttlSeconds !== undefined && typeof ttlSeconds !== "number") throw invalid("ttlSeconds must be a number");
  if (typ !== undefined && typ !== "JWT" && typ !== "at+jwt") throw invalid('typ must be "JWT" or "at+jwt"');
  const options = {
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(audience === undefined ? {} : { audience: parseAudiences(audience) }),
    ...(typ === undefined ? {} : { typ }),
  } satisfies SignOptions;
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
