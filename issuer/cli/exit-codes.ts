/** Exit codes of `sealgate`, one meaning each; part of the public contract (docs/cli.md). */
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";

export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong usage or configuration; nothing was attempted. */
  usage: 2,
  /** The token does not verify, or is none. */
  tokenInvalid: 3,
  /** The ring has not (yet) reached the wanted state. */
  notConverged: 4,
  /** AWS or Cloudflare refused the credentials, or there are none. */
  unauthorized: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A wrong option or argument; the message names it. */
export class UsageError extends Error {}

const UNAUTHORIZED: ReadonlySet<string> = new Set([
  "kms_access_denied",
  "kms_credentials_missing",
  "kms_credentials_expired",
  "kms_credentials_invalid",
  "publish_unauthorized",
  "revocation_table_denied",
]);

const CONFIGURATION: ReadonlySet<string> = new Set([
  "config_invalid",
  "claims_refused",
  "input_invalid",
  "lifetime_too_long",
]);

/** The exit code for what a command has thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof SealgateError)) return EXIT.failure;
  if (isUnauthorized(error.code)) return EXIT.unauthorized;
  return CONFIGURATION.has(error.code) ? EXIT.usage : EXIT.failure;
}

/** AWS or Cloudflare refused the credentials, or there are none. */
export function isUnauthorized(code: FaultCode): boolean {
  return UNAUTHORIZED.has(code);
}
