/** Answers of the issuer's HTTP service that are not what was asked for (RFC 9457). */
import type { Context } from "hono";

export type ProblemStatus = 400 | 401 | 404 | 405 | 500 | 503;

/** @param code stable, of docs/errors.md */
export function problem(
  context: Context,
  status: ProblemStatus,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify({ type: "about:blank", status, code, detail });
  return context.body(body, status, { "Content-Type": "application/problem+json", ...headers });
}
