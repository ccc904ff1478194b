/**
 * AWS Lambda handler that takes tokens back: `{ token }`, `{ jti, expiresAt? }`, `{ sid }` or `{ sub, issuedBefore? }` in, the entry and
 * the tables that have it out. Invoke it directly (SDK, Step Functions); it is not an HTTP endpoint and does not authenticate its
 * callers: a caller who may invoke it can end any session. It needs rights on the tables only, none on a key of KMS, and no
 * Cloudflare token.
 *
 * Configuration by environment: see issuer/config/revoking.ts, and for `{ token }`, which is verified first by the key set that a
 * gateway serves, issuer/config/token-verifier.ts.
 *
 * Each invocation writes one line with its metrics to stdout, and no claim. A failed one reports the fault's code as `errorType`:
 * nothing was revoked then.
 */
import { readRevokingConfig, refusalTimes } from "../config/revoking.ts";
import type { RefusalTimes, RevokingConfig } from "../config/revoking.ts";
import { readTokenVerifier } from "../config/token-verifier.ts";
import { DEFAULT_RING, valueOf } from "../config/environment.ts";
import { systemClock } from "../clock.ts";
import { SealgateError } from "../errors.ts";
import { namedByCode } from "../lambda-error.ts";
import { toEmfLine } from "../metrics/emf.ts";
import { proveToken } from "../revocations/prove-token.ts";
import type { TokenVerifier } from "../revocations/prove-token.ts";
import { createRevocations } from "../revocations/revocations.ts";
import type { Revocations, Revoked } from "../revocations/revocations.ts";
import { canBeAlive, parseRevokeRequest, revokeBy } from "../revocations/revoke-request.ts";
import type { RevokeRequest } from "../revocations/revoke-request.ts";

/** What the function returns. Times are epoch seconds. */
export type RevokeAnswer =
  | (RefusalTimes & {
      readonly revoked: true;
      /** Its sort key in the tables; holds no claim. */
      readonly entry: string;
      /** Until when it counts. */
      readonly until: number;
      readonly stored: readonly string[];
      /** Tables that may lack the entry: invoke again. */
      readonly failed: readonly { readonly table: string; readonly code: string }[];
    })
  | {
      /** Nothing was written, because no token that is meant can be accepted any more: the code of the rejection. */
      readonly revoked: false;
      readonly rejection: string;
    };

/**
 * Takes back.
 * @throws Error whose `name` is the code of a SealgateError: `input_invalid`, `config_invalid`, `revocation_…` or
 *   `revocations_full`
 */
export async function handler(event: unknown): Promise<RevokeAnswer> {
  try {
    const answer = await answerTo(parseRevokeRequest(event, "event"));
    writeMetric("revocations");
    return answer;
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    writeMetric("revocation_failures", error.code);
    throw namedByCode(error);
  }
}

async function answerTo(request: RevokeRequest): Promise<RevokeAnswer> {
  const { config, revocations } = (revoker ??= createRevoker());
  if (request.kind !== "token") {
    if (!canBeAlive(request, config.timing, systemClock())) return { revoked: false, rejection: "token_expired" };
    return answerFor(config, await revokeBy(revocations, request));
  }
  verifier ??= await readTokenVerifier(process.env, config);
  const proven = await proveToken(verifier, request.token, config.timing.clockSkewSeconds, systemClock());
  if (!proven.ok) return { revoked: false, rejection: proven.error.code };
  return answerFor(config, await revocations.revokeToken(proven.value));
}

function answerFor({ bound }: RevokingConfig, { entry, until, stored, failed }: Revoked): RevokeAnswer {
  return {
    revoked: true,
    entry,
    until,
    ...refusalTimes(bound, systemClock()),
    stored,
    failed: failed.map(({ table, code }) => ({ table, code })),
  };
}

interface Revoker {
  readonly config: RevokingConfig;
  readonly revocations: Revocations;
}

/** One for the life of the container, as is the verifier, which holds the key set. A failure is not remembered. */
let revoker: Revoker | undefined;
let verifier: TokenVerifier | undefined;

function createRevoker(): Revoker {
  const config = readRevokingConfig(process.env);
  const { issuer, tables, timing } = config;
  return { config, revocations: createRevocations({ ...timing, issuer, tables }) };
}

/** For CloudWatch (issuer/metrics): by ring, and failures by ring and code. */
function writeMetric(name: string, code?: string): void {
  const dimensions = { ring: valueOf(process.env, "SEALGATE_RING") ?? DEFAULT_RING, code };
  const measurements = [{ name, unit: "Count", value: 1 }] as const;
  process.stdout.write(`${toEmfLine({ timeMs: Date.now(), dimensions, measurements })}\n`);
}
