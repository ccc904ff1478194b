/**
 * The composition root: env -> config -> app, once per isolate. The only file of the edge that reads the clock.
 */
import type { Hono } from "hono";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { readAnswerSettings } from "./answer-config.ts";
import { createApp } from "./app.ts";
import { isAbsent } from "./config-values.ts";
import { readOriginConfig, readVerifierConfig } from "./config.ts";
import type { Bindings, ConfigProblem, OriginConfig } from "./config.ts";
import { createAssertionSigner } from "./http/assertion.ts";
import { createIdentityReader } from "./http/identity.ts";
import { removedNames } from "./http/request-headers.ts";
import { readObservation } from "./observe-config.ts";
import { describeRequest, logEvent } from "./observe/event.ts";
import type { EventSink } from "./observe/event.ts";
import { crashed, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { compilePolicy } from "./policy/compile.ts";
import type { PolicyProblem } from "./policy/compile.ts";
import type { RoutePolicy } from "./policy/rule.ts";
import { readRequestSettings } from "./request-config.ts";
import { createVerification } from "./verification.ts";
import { HEALTH_PATH, JWKS_PATH } from "./well-known.ts";

export interface GatewayOptions {
  /** Epoch milliseconds; the platform's clock by default. */
  readonly clock?: () => number;
  /** Where the one event per request goes; the console by default. */
  readonly onEvent?: EventSink;
}

/** A Worker: what a module has to export by default. */
export interface GatewayWorker {
  fetch(request: Request, env: object, context: ExecutionContext): Promise<Response>;
}

/**
 * A Worker that guards an origin with a route policy. Configuration comes from its vars and bindings; while it, or the
 * policy, is invalid, every request is answered 500 `config_invalid` and the log names what to repair.
 */
export function createGateway(routes: RoutePolicy, options: GatewayOptions = {}): GatewayWorker {
  const clock = options.clock ?? Date.now;
  const sink = unfailing(options.onEvent ?? logEvent);
  // The platform hands the same env object to every request of an isolate. What is kept is settled: a request never waits
  // for a promise of another request, which the platform may never resolve.
  const started = new WeakMap<object, Started>();
  return {
    async fetch(request, env, context) {
      try {
        let state = started.get(env);
        if (state === undefined) {
          const fresh = await start({ ...env }, routes, clock, sink);
          state = started.get(env) ?? fresh;
          started.set(env, state);
        }
        if (state.ok) return await state.value.fetch(request, env, context);
        return see(request, sink, refused({ code: "config_invalid", problems: state.error }));
      } catch (error) {
        return see(request, sink, crashed(error));
      }
    },
  };
}

type Started = Result<Pick<Hono, "fetch">, readonly ConfigProblem[]>;

async function start(env: Bindings, routes: RoutePolicy, clock: () => number, sink: EventSink): Promise<Started> {
  const settings = readAnswerSettings(env);
  const metadata = settings.ok ? settings.value.metadata : undefined;
  const policy = compilePolicy(routes, [JWKS_PATH, HEALTH_PATH, ...(metadata === undefined ? [] : [metadata.path])]);
  const config = await readVerifierConfig(env);
  const origin = await withAssertion(env, readOriginConfig(env), clock);
  const requests = readRequestSettings(env);
  const seeing = await readObservation(env);
  if (!policy.ok || !config.ok || !origin.ok || !settings.ok || !requests.ok || !seeing.ok) {
    return err([
      ...(config.ok ? [] : config.error),
      ...(origin.ok ? [] : origin.error),
      ...(settings.ok ? [] : settings.error),
      ...(requests.ok ? [] : requests.error),
      ...(seeing.ok ? [] : seeing.error),
      ...(policy.ok ? [] : policy.error.map(toConfigProblem)),
    ]);
  }
  const { ladder, verifier } = createVerification(config.value);
  const { ring } = config.value;
  const { carriers, identityHeaders } = requests.value;
  const identify = createIdentityReader(identityHeaders);
  const removed = removedNames(identityHeaders);
  const { hashSubject } = seeing.value;
  const forwarding = { policy: policy.value, origin: origin.value, carriers, identify, removed, hashSubject };
  const parts = { ...forwarding, ring, ladder, verifier, clock, sink };
  return ok(createApp({ ...parts, answers: settings.value.answers, metadata, observation: seeing.value }));
}

type OriginResult = Result<OriginConfig, readonly ConfigProblem[]>;

async function withAssertion(env: Bindings, origin: OriginResult, clock: () => number): Promise<OriginResult> {
  if (!origin.ok || isAbsent(env["ASSERTION_KEY"])) return origin;
  const assertion = await createAssertionSigner(env["ASSERTION_KEY"], origin.value.base, clock);
  if (!assertion.ok) return err([{ variable: "ASSERTION_KEY", problem: assertion.error }]);
  return ok({ ...origin.value, assertion: assertion.value });
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
function see(request: Request, sink: EventSink, { response, event }: Outcome): Response {
  sink({ ...describeRequest(request), status: response.status, ...event });
  return response;
}
