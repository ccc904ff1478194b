/**
 * The composition root: env -> config -> app, once per isolate. The only file of the edge that reads the clock.
 */
import { createKvKeySetReader } from "../shared/keys/key-set-reader.ts";
import { createVerification } from "../shared/keys/verification.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { createApp } from "./request/app.ts";
import type { GatewayApp, GatewayContext } from "./request/app.ts";
import { collectProblems, problemsOf, readOriginConfig, readVerifierConfig } from "./config/config.ts";
import type { Bindings, ConfigProblem } from "./config/config.ts";
import { readFeatures } from "./request/hooks.ts";
import type { Feature } from "./request/hooks.ts";
import { createRouteFinder } from "./request/route.ts";
import { createIdentityReader, DEFAULT_IDENTITY_HEADERS } from "./http/identity.ts";
import { removedNames } from "./http/request-headers.ts";
import { describeRequest, logEvent } from "./request/event.ts";
import type { EventSink } from "./request/event.ts";
import { crashed, refused } from "./request/outcome.ts";
import type { Outcome } from "./request/outcome.ts";
import { compilePolicy } from "./policy/compile.ts";
import type { PolicyProblem } from "./policy/compile.ts";
import type { RoutePolicy } from "./policy/rule.ts";
import { HEALTH_PATH, JWKS_PATH, KEY_SET_PATH } from "./request/own-endpoints.ts";

export interface GatewayOptions {
  /** What is not in every gateway; none by default. A variable whose feature is left out is a problem. */
  readonly features?: readonly Feature[];
  /** Epoch milliseconds; the platform's clock by default. */
  readonly clock?: () => number;
  /** Where the one event per request goes; the console by default. */
  readonly onEvent?: EventSink;
}

/** A Worker: what a module has to export by default. */
export interface GatewayWorker {
  fetch(request: Request, env: object, context: GatewayContext): Promise<Response>;
}

/**
 * A Worker that guards an origin with a route policy. Configuration comes from its vars and bindings; while it, or the
 * policy, is invalid, every request is answered 500 `config_invalid` and the log names what to repair.
 */
export function createGateway(routes: RoutePolicy, options: GatewayOptions = {}): GatewayWorker {
  const { features = [], clock = Date.now } = options;
  const sink = unfailing(options.onEvent ?? logEvent);
  // The platform hands the same env object to every request of an isolate. What is kept is settled: a request never waits
  // for a promise of another request, which the platform may never resolve.
  const started = new WeakMap<object, Started>();
  return {
    async fetch(request, env, context) {
      try {
        let state = started.get(env);
        if (state === undefined) {
          const fresh = await start({ ...env }, { routes, features, clock, sink });
          state = started.get(env) ?? fresh;
          started.set(env, state);
        }
        if (state.ok) return await state.value.fetch(request, context);
        return emit(request, sink, refused({ code: "config_invalid", problems: state.error }));
      } catch (error) {
        return emit(request, sink, crashed(error));
      }
    },
  };
}

type Started = Result<GatewayApp, readonly ConfigProblem[]>;

interface Surroundings {
  readonly routes: RoutePolicy;
  readonly features: readonly Feature[];
  readonly clock: () => number;
  readonly sink: EventSink;
}

async function start(env: Bindings, { routes, features, clock, sink }: Surroundings): Promise<Started> {
  const { problems, report } = collectProblems();
  const config = await readVerifierConfig(env);
  const origin = readOriginConfig(env);
  const base = origin.ok ? origin.value.base : "";
  const hooks = await readFeatures(features, { env, report, clock, base, routes });
  const policy = compilePolicy(hooks.routes ?? routes, [
    JWKS_PATH,
    HEALTH_PATH,
    KEY_SET_PATH,
    ...(hooks.endpoint ? [hooks.endpoint.path] : []),
  ]);
  if (!policy.ok || !config.ok || !origin.ok || problems.length > 0) {
    return err([...problemsOf(config), ...problemsOf(origin), ...problems, ...problemsOf(policy).map(toConfigProblem)]);
  }
  const { identityHeaders = DEFAULT_IDENTITY_HEADERS, routeFinder } = hooks;
  const findRoute = createRouteFinder(policy.value);
  const { keySet, tokenPolicy } = config.value;
  const { ladder, verifiers } = createVerification(createKvKeySetReader(keySet.keySets, keySet.ring), keySet);
  return ok(
    createApp({
      ladder,
      verifier: verifiers.under(tokenPolicy),
      ring: keySet.ring,
      findRoute: routeFinder?.(findRoute, policy.value) ?? findRoute,
      origin: origin.value,
      identify: createIdentityReader(identityHeaders),
      removed: removedNames(identityHeaders),
      hooks,
      clock,
      sink,
      version: versionOf(env["VERSION"]),
    }),
  );
}

/** Version metadata; empty in local development. */
function versionOf(value: unknown): string | undefined {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function toConfigProblem({ rule, problem }: PolicyProblem): ConfigProblem {
  return { variable: rule === undefined ? "routes" : `routes[${rule}]`, problem };
}

function unfailing(sink: EventSink): EventSink {
  return (event) => {
    try {
      sink(event);
    } catch {
      // The origin may already have acted on the request; its answer still counts.
    }
  };
}

/** For requests that have no app to go through. */
function emit(request: Request, sink: EventSink, { response, event }: Outcome): Response {
  sink({ ...describeRequest(request), status: response.status, ...event });
  return response;
}
