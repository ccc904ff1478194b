/**
 * A gateway in workerd as tests use it: a published key set in the local KV, a bound origin that echoes, recorded events,
 * and a clock that stands still.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createGateway } from "../../../edge-verifier/gateway.ts";
import type { ConfigProblem } from "../../../edge-verifier/config/config.ts";
import { readBindings } from "../../../edge-verifier/config/values.ts";
import { readFeatures } from "../../../edge-verifier/request/hooks.ts";
import type { Feature, Hooks } from "../../../edge-verifier/request/hooks.ts";
import { allFeatures } from "../../../edge-verifier/features/all.ts";
import type { RequestEvent } from "../../../edge-verifier/request/event.ts";
import { defineRoutes } from "../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../edge-verifier/policy/rule.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../support/key-sets.ts";
import type { Echo } from "../../support/echo-origin.ts";

export const NOW = seconds(1_800_000_000);
export const AUDIENCE = "https://api.example.com";

/** The policy of most tests: the example of the documentation, and a rule for exactly one path. */
export const ROUTES: RoutePolicy = defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  {
    path: "/api/reports/:id",
    methods: ["GET"],
    require: { anyScope: ["reports", "admin"], claims: { tenant: "acme" } },
  },
  { path: "/api/*", require: {} },
  { path: "/exact", methods: ["POST"], require: {} },
]);

export interface Fixture {
  readonly root: TestRoot;
  readonly key: TestKey;
  /** All requests the origin has seen. */
  readonly originCalls: () => number;
  readonly events: RequestEvent[];
  /** Vars and bindings; one object for the life of the fixture, as in an isolate. */
  readonly env: Record<string, unknown>;
  /** A good token with these claims on top. */
  token(claims?: JsonObject, header?: JsonObject): Promise<string>;
  /** Sends a request through the Worker's own entry point. */
  send(path: string, init?: RequestInit): Promise<Response>;
  /** The same, with a good token of these claims. */
  sendAs(claims: JsonObject, path: string, init?: RequestInit): Promise<Response>;
  /** Puts a document where the gateway looks for it. */
  publish(document: KeySetDocument): Promise<void>;
  /** Sets the clock, epoch seconds. */
  setNow(now: number): void;
}

export interface FixtureOptions {
  readonly routes?: RoutePolicy;
  /** On top of a complete configuration. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly publish?: boolean;
  /** All of them by default. */
  readonly features?: readonly Feature[];
}

let rings = 0;

export async function makeFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  rings += 1;
  const ring = `gateway-${rings}`;
  const publish = async (document: KeySetDocument): Promise<void> => {
    await env.KEY_SETS.put(`key-set:${ring}`, await signKeySet({ ...document, ring: ringName(ring) }, root));
  };
  if (options.publish !== false) await publish(makeDocument([key], seconds(NOW - 10)));
  let now: number = NOW;
  let calls = 0;
  const events: RequestEvent[] = [];
  const origin = {
    fetch: (request: Request): Promise<Response> => {
      calls += 1;
      return env.ORIGIN.fetch(request);
    },
  };
  const bindings = {
    ISSUER: TEST_ISSUER,
    AUDIENCE,
    RING: ring,
    TRUST_ANCHORS: JSON.stringify([root.jwk]),
    KEY_SETS: env.KEY_SETS,
    ORIGIN: origin,
    ...options.vars,
  };
  const worker = createGateway(options.routes ?? ROUTES, {
    features: options.features ?? allFeatures,
    clock: () => now * 1000,
    onEvent: (event) => events.push(event),
  });
  const token = (claims: JsonObject = {}, header: JsonObject = {}): Promise<string> =>
    signToken(
      { iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat: NOW, exp: NOW + 600, jti: "t-1", ...claims },
      key,
      header,
    );
  const send = async (path: string, init?: RequestInit): Promise<Response> => {
    const context = createExecutionContext();
    const response = await worker.fetch(new Request(`https://api.example.com${path}`, init), bindings, context);
    await waitOnExecutionContext(context);
    return response;
  };
  return {
    root,
    key,
    originCalls: () => calls,
    events,
    env: bindings,
    token,
    send,
    sendAs: async (claims, path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${await token(claims)}`);
      return send(path, { ...init, headers });
    },
    publish,
    setNow: (value) => {
      now = value;
    },
  };
}

/** What features make of vars and bindings, and what is wrong with these. */
export async function configure(
  vars: Readonly<Record<string, unknown>>,
  features: readonly Feature[] = allFeatures,
): Promise<{ readonly hooks: Hooks; readonly problems: readonly ConfigProblem[] }> {
  const problems: ConfigProblem[] = [];
  const report = (variable: string, problem: string): undefined => {
    problems.push({ variable, problem });
  };
  const hooks = await readFeatures(features, {
    env: readBindings(vars),
    report,
    keySet: undefined,
    routes: [],
    clock: () => NOW * 1000,
  });
  return { hooks, problems };
}

/** What reached the origin, from its answer. */
export async function echoOf(response: Response): Promise<Echo> {
  return response.json<Echo>();
}

/** The body of a refusal. */
export async function problemOf(response: Response): Promise<{ readonly status: number; readonly code: string }> {
  return response.json<{ status: number; code: string }>();
}
