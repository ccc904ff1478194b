/**
 * The feature `resourceMetadata`: RFC 9728, where a client finds who issues tokens for here (`RESOURCE`,
 * `AUTHORIZATION_SERVERS`). Publishes what the variables say; it does not ask the servers that they name.
 */
import { parsePlainUrl } from "../../shared/identifiers.ts";
import { readList } from "../config/values.ts";
import type { Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import type { Outcome } from "../request/outcome.ts";

const PREFIX = "/.well-known/oauth-protected-resource";
const CHALLENGE = "www-authenticate";

export const resourceMetadata: Feature = {
  name: "resourceMetadata",
  read({ env, report }) {
    const resource = readResource(env, report);
    if (resource === undefined) return {};
    const { url, servers } = resource;
    // RFC 9728 section 3.1: the well-known part stands between the host and the path of the identifier.
    const path = `${PREFIX}${url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname}`;
    const body = JSON.stringify({
      resource: env["RESOURCE"],
      authorization_servers: servers,
      bearer_methods_supported: ["header"],
    });
    return {
      endpoints: [{ path, answer: () => answerMetadata(path, body) }],
      onResponse: (headers, _request, { decision }) => {
        const challenge = decision === "forwarded" ? null : headers.get(CHALLENGE);
        // RFC 9728 section 5.1.
        if (challenge !== null) headers.set(CHALLENGE, `${challenge}, resource_metadata="${url.origin}${path}"`);
      },
    };
  },
};

/** RFC 9728 section 3.1. */
function answerMetadata(route: string, body: string): Outcome {
  const headers = { "Content-Type": "application/json", "Cache-Control": "public, max-age=300" };
  return { response: new Response(body, { headers }), event: { decision: "answered", route } };
}

function readResource(
  env: Bindings,
  report: Report,
): { readonly url: URL; readonly servers: readonly string[] } | undefined {
  if (env["RESOURCE"] === undefined) {
    if (env["AUTHORIZATION_SERVERS"] === undefined) return undefined;
    return report("AUTHORIZATION_SERVERS", "has no effect without RESOURCE: set RESOURCE, or take this variable out");
  }
  const url = readPlainUrl(env["RESOURCE"]);
  const servers =
    env["AUTHORIZATION_SERVERS"] === undefined ? [String(env["ISSUER"])] : readList(env["AUTHORIZATION_SERVERS"]);
  if (url === undefined)
    report("RESOURCE", "must be one https URL in normal form, without query and fragment (RFC 9728 section 1.2)");
  if (servers === undefined || servers.length === 0 || !servers.every((one) => readPlainUrl(one) !== undefined)) {
    return report(
      "AUTHORIZATION_SERVERS",
      "must be a comma-separated list of https URLs in normal form, without query and fragment",
    );
  }
  return url && { url, servers };
}

/** The text is published as it is, so it has to be in normal form already. */
function readPlainUrl(value: unknown): URL | undefined {
  const url = parsePlainUrl(value);
  if (!url.ok) return undefined;
  // "HTTPS://Api.Example.com" would name the same host in a text that no client compares equal.
  const { href } = url.value;
  return href === value || href === `${String(value)}/` ? url.value : undefined;
}
