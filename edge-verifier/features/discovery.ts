/**
 * The feature `discovery`: the issuer's discovery file, for consumers that know the issuer only (OpenID Connect Discovery 1.0,
 * RFC 8414). It belongs to the issuer's host, so that a gateway on another host answers 404; `sealgate ring discovery` prints the
 * file for that host. On where it is listed.
 */
import { discoveryOf, discoveryPaths } from "../../shared/discovery.ts";
import { parseIssuerUrl } from "../../shared/identifiers.ts";
import { readTokenPolicy } from "../config/config.ts";
import type { Endpoint, Feature } from "../request/hooks.ts";
import { refused } from "../request/outcome.ts";
import { JWKS_PATH } from "../request/own-endpoints.ts";

export const discovery: Feature = {
  name: "discovery",
  read({ env }) {
    const issuer = parseIssuerUrl(env["ISSUER"]);
    // The gateway itself reports what is wrong with a variable.
    if (!issuer.ok) return {};
    const { origin } = new URL(issuer.value);
    const { algs } = readTokenPolicy(env, () => undefined);
    const body = JSON.stringify(discoveryOf(issuer.value, `${origin}${JWKS_PATH}`, [...algs]));
    const headers = {
      "Content-Type": "application/json",
      "Cache-Control": "public, max-age=300",
      "Access-Control-Allow-Origin": "*",
    };
    const endpointAt = (path: string): Endpoint => ({
      path,
      answer: (_waitUntil, { url }) =>
        new URL(url).origin === origin
          ? { response: new Response(body, { headers }), event: { decision: "answered", route: path } }
          : refused({ code: "not_found" }, { route: path }),
    });
    return { endpoints: discoveryPaths(issuer.value).map(endpointAt) };
  },
};
