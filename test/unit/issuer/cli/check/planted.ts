/** The mistakes that command-mistakes.test.ts plants, each with what is to be found and, where it is not the good project, its correct twin. */
import { generateKeyPairSync } from "node:crypto";
import type { CheckName } from "../../../../../issuer/cli/check/row.ts";
import type { JsonObject } from "../../../../../shared/json.ts";
import { GOOD, ISSUER, NAMESPACE_ID, STAGING, withVars } from "./support.ts";

export interface Planted {
  readonly mistake: string;
  readonly environment?: JsonObject;
  readonly rules?: "unreachable";
  /** The issuer's variables. */
  readonly issuer?: Readonly<Record<string, string>>;
  /** What the environment or the issuer's variables should have been; by default the good ones. */
  readonly twin?: {
    readonly environment?: JsonObject;
    readonly issuer?: Readonly<Record<string, string>>;
  };
  readonly found: readonly [check: CheckName, variable: string | undefined, repair: RegExp];
  /** Another variable of which the mistake is told. */
  readonly also?: string;
}

const WEAK = {
  ...generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" }),
  alg: "PS256",
  use: "sig",
};

const IN_VARS = String.raw`env\.production\.vars`;
const inVars = (text: string): RegExp => new RegExp(`${text} .*${IN_VARS}`);

export const PLANTED: readonly Planted[] = [
  {
    mistake: "TRUST_ANCHORS is still empty",
    environment: withVars({ TRUST_ANCHORS: "" }),
    found: ["worker", "TRUST_ANCHORS", inVars("^Run sealgate ring anchors, and make TRUST_ANCHORS in")],
  },
  {
    mistake: "TRUST_ANCHORS is cut off",
    environment: withVars({ TRUST_ANCHORS: '[{"kty":"EC"' }),
    found: ["worker", "TRUST_ANCHORS", /^Run sealgate ring anchors/],
  },
  {
    mistake: "ISSUER is missing",
    environment: withVars({ ISSUER: undefined }),
    found: ["worker", "ISSUER", inVars("Set ISSUER in")],
  },
  {
    mistake: "AUDIENCE is misspelt",
    environment: withVars({ AUDIENCE: undefined, AUDIENCES: "https://api.acme.dev" }),
    found: ["worker", "AUDIENCE", inVars("Set AUDIENCE in")],
    also: "AUDIENCES",
  },
  {
    mistake: "the origin is asked over http",
    environment: withVars({ ORIGIN_URL: "http://origin.acme.dev" }),
    found: ["worker", "ORIGIN_URL", /https URL of your API server, or bind a service as ORIGIN/],
  },
  {
    mistake: "there is neither ORIGIN_URL nor ORIGIN",
    environment: withVars({ ORIGIN_URL: undefined }),
    twin: {
      environment: { ...withVars({ ORIGIN_URL: undefined }), services: [{ binding: "ORIGIN", service: "orders" }] },
    },
    found: ["worker", "ORIGIN_URL", inVars("Set ORIGIN_URL in")],
  },
  {
    mistake: "a variable whose feature is not listed",
    environment: withVars({ HSTS_MAX_AGE_SECONDS: "31536000" }),
    found: [
      "worker",
      "HSTS_MAX_AGE_SECONDS",
      /^List the feature hsts \(in most projects, in features\.ts\), or take HSTS_MAX_AGE_SECONDS out/,
    ],
  },
  {
    mistake: "a list of taken-back tokens is required, and the feature is not listed",
    environment: withVars({ REVOCATIONS: "required" }),
    found: [
      "worker",
      "REVOCATIONS",
      /^List the feature revocations \(in most projects, in features\.ts\), or take REVOCATIONS out/,
    ],
  },
  {
    mistake: "MIN_REV in scientific notation",
    environment: withVars({ MIN_REV: "1.8e15" }),
    twin: { environment: withVars({ MIN_REV: "1795827899162545" }) },
    found: ["worker", "MIN_REV", /a rev as sealgate ring status shows it/],
  },
  {
    mistake: "a rule that no request reaches",
    rules: "unreachable",
    found: ["worker", "routes[1]", /^Correct that rule \(in most projects, in routes\.ts\)\.$/],
  },
  {
    mistake: "the issuer of the documentation's examples",
    environment: withVars({ ISSUER: "https://auth.example.com" }),
    found: ["placeholders", "ISSUER", inVars("Put your own address into ISSUER of")],
  },
  {
    mistake: "the origin of local development",
    environment: withVars({ ORIGIN_URL: "http://localhost:8789" }),
    found: ["placeholders", "ORIGIN_URL", inVars("Put your own address into ORIGIN_URL of")],
  },
  {
    mistake: "the hostname of the examples",
    environment: { ...GOOD, routes: [{ pattern: "api.example.com", custom_domain: true }] },
    found: ["placeholders", "routes", /^Put the gateway's own hostname into routes\.$/],
  },
  {
    mistake: "an id that was never filled in",
    environment: { ...GOOD, kv_namespaces: [{ binding: "KEY_SETS", id: "id-of-the-production-namespace" }] },
    found: ["kv_namespace", "KEY_SETS", /wrangler kv namespace create KEY_SETS --env production/],
  },
  {
    mistake: "a namespace without an id",
    environment: { ...GOOD, kv_namespaces: [{ binding: "KEY_SETS" }] },
    found: [
      "kv_namespace",
      "KEY_SETS",
      /write "kv_namespaces": \[\{ "binding": "KEY_SETS", "id": "…" \}\] with the id that it prints/,
    ],
  },
  {
    mistake: "an environment that forgets the binding",
    environment: { ...GOOD, kv_namespaces: [] },
    found: ["kv_namespace", "KEY_SETS", /write "kv_namespaces": /],
  },
  {
    mistake: "the namespace of staging",
    environment: { ...GOOD, kv_namespaces: STAGING.kv_namespaces },
    found: ["kv_namespace", "KEY_SETS", /^Give each environment its own\./],
  },
  {
    mistake: "no hostname",
    environment: { ...GOOD, routes: [] },
    found: ["hostname", "routes", /"custom_domain": true/],
  },
  {
    mistake: "a second hostname, of Cloudflare's",
    environment: { ...GOOD, workers_dev: true },
    found: ["hostname", "workers_dev", /^Set "workers_dev": false in this environment\.$/],
  },
  {
    mistake: "a cache in front of the gateway",
    environment: { ...GOOD, cache: { enabled: true } },
    twin: { environment: { ...GOOD, cache: { enabled: false } } },
    found: ["cache", "cache", /^Remove cache from the configuration\.$/],
  },
  {
    mistake: "a variable in another spelling, which switches nothing on",
    environment: withVars({ FORWARD_AUTHORISATION: "remove" }),
    twin: { environment: withVars({ FORWARD_AUTHORIZATION: "remove" }) },
    found: ["variables", "FORWARD_AUTHORISATION", inVars("^If FORWARD_AUTHORIZATION is meant, call it so in")],
  },
  {
    mistake: "audiences as JSON",
    environment: withVars({ AUDIENCE: '["https://api.acme.dev"]' }),
    found: ["variables", "AUDIENCE", inVars("Set AUDIENCE in")],
  },
  {
    mistake: "MIN_REV in seconds",
    environment: withVars({ MIN_REV: "1795827899" }),
    twin: { environment: withVars({ MIN_REV: "1795827899162545" }) },
    found: ["variables", "MIN_REV", /a rev as sealgate ring status shows it/],
  },
  {
    mistake: "the gateway as its own origin",
    environment: withVars({ ORIGIN_URL: "https://api.acme.dev" }),
    found: ["variables", "ORIGIN_URL", inVars("Set ORIGIN_URL in")],
  },
  {
    mistake: "a root key of 1024 bits",
    environment: withVars({ TRUST_ANCHORS: JSON.stringify([WEAK]) }),
    found: ["worker", "TRUST_ANCHORS", /^Run sealgate ring anchors/],
  },
  {
    mistake: "a route for some of the paths",
    environment: { ...GOOD, routes: [{ pattern: "api.acme.dev/v1/*", zone_name: "acme.dev" }] },
    twin: { environment: { ...GOOD, routes: [{ pattern: "api.acme.dev/*", zone_name: "acme.dev" }] } },
    found: ["hostname", "routes", /^Write the pattern as api\.acme\.dev\/\*/],
  },
  {
    mistake: "a secret among the vars",
    environment: withVars({ LOG_SUBJECT_HASH_KEY: "c2VjcmV0" }),
    found: ["secrets", "LOG_SUBJECT_HASH_KEY", /wrangler secret put LOG_SUBJECT_HASH_KEY --env production/],
  },
  {
    mistake: "an issuer that signs for another iss",
    issuer: { SEALGATE_ISSUER: `${ISSUER}/` },
    twin: { issuer: { SEALGATE_ISSUER: ISSUER } },
    found: ["issuer", "SEALGATE_ISSUER", inVars("Make SEALGATE_ISSUER and ISSUER in")],
  },
  {
    mistake: "an issuer with another ring",
    issuer: { SEALGATE_RING: "primary" },
    twin: { issuer: { SEALGATE_RING: "main" } },
    found: ["issuer", "SEALGATE_RING", inVars("Make SEALGATE_RING and RING in")],
  },
  {
    mistake: "a rotator that publishes into another namespace",
    issuer: { SEALGATE_KV_NAMESPACE_ID: "f".repeat(32) },
    twin: { issuer: { SEALGATE_KV_NAMESPACE_ID: NAMESPACE_ID } },
    found: ["issuer", "SEALGATE_KV_NAMESPACE_ID", /^Make SEALGATE_KV_NAMESPACE_ID and the id of KEY_SETS the same\.$/],
  },
];
