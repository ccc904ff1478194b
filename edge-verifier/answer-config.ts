/**
 * The vars that shape answers rather than decisions: CORS, Strict-Transport-Security, and the protected resource metadata
 * of RFC 9728. All are off unless set; all problems are reported at once and by the name of the variable.
 */
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { isAbsent, readList, readWholeNumber } from "./config-values.ts";
import type { Bindings, ConfigProblem } from "./config.ts";
import type { AnswerConfig } from "./http/answer.ts";
import type { CorsConfig } from "./http/cors.ts";

/** RFC 9728: what is published about the resource that this gateway protects, and at which path. */
export interface ResourceMetadata {
  readonly path: string;
  readonly body: string;
}

export interface AnswerSettings {
  readonly answers: AnswerConfig;
  readonly metadata: ResourceMetadata | undefined;
}

export const RESOURCE_METADATA_PREFIX = "/.well-known/oauth-protected-resource";

/** Two years, which is what preload lists ask for. */
const MAX_HSTS_SECONDS = 63_072_000;

type Report = (variable: string, problem: string) => undefined;

/** @returns the settings, or every problem. */
export function readAnswerSettings(env: Bindings): Result<AnswerSettings, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const report: Report = (variable, problem) => {
    problems.push({ variable, problem });
  };
  const cors = readCors(env, report);
  const hsts = readHsts(env, report);
  const resource = readResource(env, report);
  const resourceMetadataUrl = resource && `${resource.url.origin}${resource.metadata.path}`;
  if (problems.length > 0) return err(problems);
  return ok({ answers: { cors, hsts, resourceMetadataUrl }, metadata: resource?.metadata });
}

function readCors(env: Bindings, report: Report): CorsConfig | undefined {
  const credentials = env["CORS_CREDENTIALS"] ?? "false";
  if (credentials !== "true" && credentials !== "false") report("CORS_CREDENTIALS", 'must be "true" or "false"');
  if (isAbsent(env["CORS_ORIGINS"])) return undefined;
  const origins = readList(env["CORS_ORIGINS"]);
  if (origins === undefined || origins.length === 0 || !origins.every(isWebOrigin)) {
    return report(
      "CORS_ORIGINS",
      "must be a comma-separated list of origins as browsers send them: https://app.example.com, without a path; no * and no null",
    );
  }
  return { origins: new Set(origins), credentials: credentials === "true" };
}

/** Serialised as a browser does it (lower case, no default port, no slash), so that comparing texts is enough. */
function isWebOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (url?.protocol === "https:" || url?.protocol === "http:") && url.origin === text;
}

function readHsts(env: Bindings, report: Report): string | undefined {
  if (isAbsent(env["HSTS_MAX_AGE_SECONDS"])) return undefined;
  const seconds = readWholeNumber(env["HSTS_MAX_AGE_SECONDS"]);
  if (seconds !== undefined && seconds >= 0 && seconds <= MAX_HSTS_SECONDS) return `max-age=${seconds}`;
  return report("HSTS_MAX_AGE_SECONDS", `must be a whole number from 0 to ${MAX_HSTS_SECONDS}`);
}

function readResource(
  env: Bindings,
  report: Report,
): { readonly url: URL; readonly metadata: ResourceMetadata } | undefined {
  if (isAbsent(env["RESOURCE"])) return undefined;
  const url = readPlainUrl(env["RESOURCE"]);
  const servers = isAbsent(env["AUTHORIZATION_SERVERS"])
    ? [String(env["ISSUER"])]
    : readList(env["AUTHORIZATION_SERVERS"]);
  if (url === undefined) report("RESOURCE", "must be an https URL without query and fragment (RFC 9728 section 1.2)");
  if (servers === undefined || servers.length === 0 || !servers.every((one) => readPlainUrl(one) !== undefined)) {
    return report("AUTHORIZATION_SERVERS", "must be a comma-separated list of https URLs without query and fragment");
  }
  if (url === undefined) return undefined;
  // RFC 9728 section 3.1: the well-known part stands between the host and the path of the identifier.
  const path = `${RESOURCE_METADATA_PREFIX}${url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname}`;
  const body = JSON.stringify({
    resource: env["RESOURCE"],
    authorization_servers: servers,
    bearer_methods_supported: ["header"],
  });
  return { url, metadata: { path, body } };
}

/** https, or http for local development; the text is what is published, so it has to be in normal form already. */
function readPlainUrl(value: unknown): URL | undefined {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || (url.protocol !== "https:" && url.hostname !== "localhost")) return undefined;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return undefined;
  // "HTTPS://Api.Example.com" would name the same host in a text that no client compares equal.
  return url.href === value || url.href === `${String(value)}/` ? url : undefined;
}
