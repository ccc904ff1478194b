/**
 * AWS Lambda handler that signs tokens: `{ claims, ttlSeconds?, audience?, typ? }` in, `{ token, kid, jti, expiresAt }` out.
 * Invoke it directly (SDK, Step Functions); it is not an HTTP endpoint and does not authenticate its callers: a caller
 * who may invoke it can have any claims signed. Configuration by environment: see issuer/config/signing.ts.
 *
 * Each invocation writes one line with its metrics to stdout. A failed one reports the fault's code as `errorType`
 * (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html), so that callers can tell faults apart.
 */
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { createIssuer } from "../issuer.ts";
import type { Issuer } from "../issuer.ts";
import { namedByCode } from "../lambda-error.ts";
import { valueOf } from "../config/environment.ts";
import { readSignConfig } from "../config/signing.ts";
import { toEmfLine } from "../metrics/emf.ts";
import type { Measurement } from "../metrics/emf.ts";
import { parseSignRequest } from "../sign-request.ts";
import { createConfiguredSigners } from "../config/signer-source.ts";

/** What the function returns. */
export interface SignAnswer {
  readonly token: string;
  readonly kid: string;
  /** The token's own identifier: what a log should keep, and what a single token is taken back by. */
  readonly jti: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/**
 * Signs one token.
 * @throws Error whose `name` is the code of a SealgateError: `input_invalid`, `claims_refused`, `lifetime_too_long`,
 *   `config_invalid`, `ring_…` or `kms_…`
 */
export async function handler(event: unknown, context: LambdaContext = {}): Promise<SignAnswer> {
  const startedAtMs = performance.now();
  try {
    const { claims, options } = parseSignRequest(event, "event");
    issuer ??= await resolveIssuer();
    const { token, kid, jti, expiresAt } = await issuer.sign(claims, { ...options, ...deadlineOf(context) });
    writeMetrics(undefined, [
      { name: "signatures", unit: "Count", value: 1 },
      { name: "sign_duration", unit: "Milliseconds", value: Math.round(performance.now() - startedAtMs) },
    ]);
    return { token, kid, jti, expiresAt };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    writeMetrics(error.code, [{ name: "sign_failures", unit: "Count", value: 1 }]);
    throw namedByCode(error);
  }
}

/** For CloudWatch (issuer/metrics): by ring, and failures by ring and code. */
function writeMetrics(code: FaultCode | undefined, measurements: readonly Measurement[]): void {
  const dimensions = { ring: valueOf(process.env, "SEALGATE_RING"), code };
  process.stdout.write(`${toEmfLine({ timeMs: Date.now(), dimensions, measurements })}\n`);
}

/** Of Lambda's context, what counts here. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
interface LambdaContext {
  getRemainingTimeInMillis?(): number;
}

/** Left for answering. */
const ANSWER_MS = 250;

/** So that a Region that does not answer leaves time for the other one, and the caller gets a code in place of a timeout. */
function deadlineOf(context: LambdaContext): { readonly deadlineMs?: number } {
  const leftMs = context.getRemainingTimeInMillis?.();
  return leftMs === undefined ? {} : { deadlineMs: Math.max(1, Math.floor(leftMs) - ANSWER_MS) };
}

/**
 * One issuer for the life of the container. A failure is not remembered, and neither is a promise: Lambda freezes the process
 * between invocations, so what one invocation has begun is no other's to wait for.
 */
let issuer: Issuer | undefined;

async function resolveIssuer(): Promise<Issuer> {
  const { signWith, defaultTtlSeconds, ...settings } = readSignConfig(process.env);
  const signers = await createConfiguredSigners(signWith);
  return createIssuer({ ...settings, ...signers, ...(defaultTtlSeconds === undefined ? {} : { defaultTtlSeconds }) });
}
