/**
 * The composition root of the gateway: from vars and bindings to the app, once per isolate. Here the gateway is given its clock.
 */
import { collectProblems, readKeySetSettings, readOriginConfig, readTokenPolicy } from "./config/config.ts";
import type { ConfigProblem } from "./config/config.ts";
import { KEY_SET_PATH } from "../shared/key-set.ts";
import { createVerification } from "../shared/keys/verification.ts";
import { createKvKeySetReader } from "../shared/keys/key-set-reader.ts";
import { isJsonObject } from "../shared/json.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { canDo, readBindings } from "./config/values.ts";
import type { Bindings } from "./config/values.ts";
import { compilePolicy } from "./policy/compile.ts";
import { createRouteFinder } from "./request/route.ts";
import { createIdentityReader, DEFAULT_IDENTITY_HEADERS } from "./http/identity.ts";
import { createApp } from "./request/app.ts";
import type { GatewayApp, GatewayContext } from "./request/app.ts";
import { crashed, refused } from "./request/outcome.ts";
import type { Outcome } from "./request/outcome.ts";
import { HEALTH_PATH, JWKS_PATH } from "./request/own-endpoints.ts";
import { describeRequest, logEvent } from "./request/event.ts";
import type { EventSink } from "./request/event.ts";
import { removedNames } from "./http/request-headers.ts";
import { readFeatures } from "./request/hooks.ts";
import type { Feature, GuardedVerification } from "./request/hooks.ts";
import type { RoutePolicy } from "./policy/rule.ts";

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
 * @throws {TypeError} for an option that does not exist or cannot work: wrangler then refuses the upload
 */
export function createGateway(routes: RoutePolicy, options: GatewayOptions = {}): GatewayWorker {
  const { features = [], clock = Date.now, onEvent = logEvent, ...unknown } = options;
  const areFeatures = Array.isArray(features) && features.every((feature) => canDo(feature, "read"));
  // For JavaScript, where no compiler finds a misspelt option: it would have no effect.
  if (!areFeatures || typeof clock !== "function" || typeof onEvent !== "function" || Object.keys(unknown).length > 0) {
    throw new TypeError("createGateway takes features (an array), clock and onEvent (functions).");
  }
  const sink = unfailing(onEvent);
  // The platform hands the same env object to every request of an isolate. What is kept is settled: a request never waits
  // for a promise of another request, which the platform may never resolve.
  const started = new WeakMap<object, Started>();
  return {
    async fetch(request, env, context) {
      try {
        let state = started.get(env);
        if (state === undefined) {
          const fresh = await start(readBindings(env), { routes, features, clock, sink });
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
  const keySet = await readKeySetSettings(env, report);
  const tokenPolicy = readTokenPolicy(env, report);
  const origin = readOriginConfig(env, report);
  const hooks = await readFeatures(features, { env, report, keySet, clock, routes });
  const policy = compilePolicy(
    hooks.routes ?? routes,
    [JWKS_PATH, HEALTH_PATH, KEY_SET_PATH, ...hooks.endpoints.map(({ path }) => path)],
    hooks,
  );
  for (const { rule, problem } of policy.ok ? [] : policy.error) {
    report(rule === undefined ? "routes" : `routes[${rule}]`, problem);
  }
  if (!policy.ok || keySet === undefined || origin === undefined || problems.length > 0) return err(problems);
  const version = env["VERSION"];
  const { identityHeaders = DEFAULT_IDENTITY_HEADERS, routeFinder } = hooks;
  const findRoute = createRouteFinder(policy.value);
  const identify = createIdentityReader(identityHeaders);
  const made = createVerification({ readerOf: (ring) => createKvKeySetReader(keySet.keySets, ring) }, keySet);
  const { rings } = made;
  const { verifiers, health = rings }: GuardedVerification = hooks.guard?.(made, keySet) ?? made;
  return ok(
    createApp({
      rings,
      health,
      verifier: verifiers.under({ ...tokenPolicy, issuer: keySet.issuer }, hooks.others),
      findRoute: routeFinder?.(findRoute) ?? findRoute,
      origin,
      identify: hooks.identify?.(identify) ?? identify,
      removed: removedNames(identityHeaders),
      hooks,
      clock,
      sink,
      // The binding of version metadata: its text is empty in local development.
      version: isJsonObject(version) && typeof version["id"] === "string" ? version["id"] || undefined : undefined,
    }),
  );
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
