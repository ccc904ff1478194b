/**
 * What an optional feature is to the gateway: a name, the variables that switch it on, and hooks. The gateway knows the
 * names and the variables only, so that a Worker holds the code of the features that features.ts lists and of no other.
 */
import type { Admission, TokenLocations } from "./admit.ts";
import type { KeySetSettings, OriginConfig, Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import type { RouteFinder } from "./route.ts";
import type { IdentityHeader, IdentityReader } from "../http/identity.ts";
import type { RequestTarget } from "../http/path-guard.ts";
import type { Place } from "../http/response-headers.ts";
import type { FurtherMethod } from "../policy/rule.ts";
import type { TokenWatch } from "../http/websocket.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestEvent } from "./event.ts";
import type { Outcome, Seen } from "./outcome.ts";
import type { HealthRings } from "./own-endpoints.ts";
import type { TokenVerifiers } from "../../shared/keys/token-verifier.ts";
import type { Verification } from "../../shared/keys/verification.ts";
import type { CompiledRule } from "../policy/compile.ts";
import { missingFeature } from "../policy/feature-names.ts";
import type { FeatureName } from "../policy/feature-names.ts";
import type { ForeignProblem } from "../../shared/foreign/tokens.ts";
import type { OtherTokens } from "../../shared/keys/token-verifier.ts";
import type { KnownOptions } from "../../shared/options.ts";
import type { WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";

export interface Feature {
  readonly name: FeatureName;
  /** Reads the feature's variables and reports each problem. A feature that returns no hooks is off. */
  read(setup: FeatureSetup): FeatureHooks | Promise<FeatureHooks>;
}

export interface FeatureSetup {
  readonly env: Bindings;
  readonly report: Report;
  /** Of the own issuer; undefined when something is wrong with it, which has been reported. */
  readonly keySet: KeySetSettings | undefined;
  /** The policy as written, without what other features have taken out of it: nothing of it has been checked. */
  readonly routes: unknown;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** A path that the gateway answers itself. */
export interface Endpoint {
  readonly path: string;
  readonly answer: (waitUntil: WaitUntil, request: Request) => Outcome | Promise<Outcome>;
}

/** Where the gateway asks a feature. Only one feature may have each hook, but all may have `onResponse`, `endpoints` and `routes`. */
export interface FeatureHooks {
  /** Instead of the policy as written: without the members of rules that the feature has read. */
  readonly routes?: unknown;
  /** Instead of a finder that refuses every path that could be read in more than one way. */
  readonly routeFinder?: (find: RouteFinder) => RouteFinder;
  /** What rules may name besides the usual methods. */
  readonly methods?: readonly FurtherMethod[];
  /** Where requests of a rule go, if not to the one origin. */
  readonly originOf?: (rule: CompiledRule, main: OriginConfig) => OriginConfig;
  /** Answers a request before it is decided on; undefined leaves it to the gateway. */
  readonly preflight?: (request: Request, findRoute: RouteFinder) => Outcome | undefined;
  /** Paths of which GET and HEAD are answered here, and nothing else is. */
  readonly endpoints?: readonly Endpoint[];
  /** Instead of the Authorization header alone. */
  readonly tokenLocations?: TokenLocations;
  /** Instead of the default ones. */
  readonly identityHeaders?: readonly IdentityHeader[];
  /** Verifies tokens that are not of the own issuer. */
  readonly others?: OtherTokens<ForeignProblem>;
  /** Instead of the reader of own tokens' identity, for all tokens. */
  readonly identify?: (own: IdentityReader) => IdentityReader;
  /** What is asked of a rule's callers besides, once the rule is compiled. */
  readonly completeRule?: (rule: CompiledRule) => CompiledRule;
  /**
   * Completes a request that is ready to be sent to the origin, or says why it cannot be.
   * @param base the origin's scheme, authority and path prefix
   * @param admission undefined on a route that is open to anyone
   */
  readonly beforeForward?: (
    outgoing: Request,
    base: string,
    admission: Admission | undefined,
  ) => Promise<Refusal | undefined>;
  /** Another end for a request that its token admits; undefined lets it pass. */
  readonly onAdmitted?: (token: VerifiedToken, seen: Seen) => Promise<Outcome | undefined>;
  /** Notes the subject's name for the log. */
  readonly nameSubject?: (token: VerifiedToken, seen: Seen) => Promise<void>;
  /** Changes the headers of an origin's answer, once they have been corrected as in every gateway. */
  readonly onOriginAnswer?: (headers: Headers, target: RequestTarget, origin: Place) => void;
  /** Verifiers that ask more of a token of the own issuer. Called once, when the gateway is ready. */
  readonly guard?: (made: Verification, settings: KeySetSettings) => GuardedVerification;
  /** Watches the token of an open WebSocket: instead of ending it at `exp` alone. */
  readonly watch?: (token: VerifiedToken) => TokenWatch;
  /** The answer with a body that ends with its token; undefined leaves it to the client and the origin. */
  readonly endBody?: (answer: Response, rule: CompiledRule, token: VerifiedToken) => Response | undefined;
  /** Another end for a request that has been refused; undefined leaves it as it is. */
  readonly onRefusal?: (request: Request, event: Outcome["event"]) => Promise<Outcome | undefined>;
  /** Takes the event besides the log. Must not throw. */
  readonly onEvent?: (event: RequestEvent) => void;
  /** Changes the headers of an answer: the origin's, a refusal, or one of the gateway's own. */
  readonly onResponse?: (headers: Headers, request: Request, event: Outcome["event"]) => void;
}

export interface GuardedVerification {
  readonly verifiers: TokenVerifiers;
  /** What the health endpoint tells of; the key sets alone if it is left out. */
  readonly health?: HealthRings;
}

export interface Hooks extends Omit<FeatureHooks, "onResponse"> {
  readonly onResponse: readonly NonNullable<FeatureHooks["onResponse"]>[];
  readonly endpoints: readonly Endpoint[];
}

/** A misspelt hook would never be asked: the compiler refuses a list that lacks one or has one too many. */
const HOOKS: KnownOptions<Omit<FeatureHooks, "onResponse" | "endpoints">> = {
  routes: true,
  methods: true,
  onOriginAnswer: true,
  routeFinder: true,
  originOf: true,
  preflight: true,
  tokenLocations: true,
  identityHeaders: true,
  others: true,
  identify: true,
  completeRule: true,
  beforeForward: true,
  onAdmitted: true,
  guard: true,
  watch: true,
  endBody: true,
  nameSubject: true,
  onRefusal: true,
  onEvent: true,
};

/**
 * @param features in any order; the same one twice counts once; two with the same hook are a problem, because one of
 *   them would never be asked
 */
export async function readFeatures(features: readonly Feature[], setup: FeatureSetup): Promise<Hooks> {
  const { env, report } = setup;
  const listed = features.map(({ name }) => name);
  for (const variable of Object.keys(env)) {
    const problem = missingFeature(variable, listed);
    if (problem !== undefined) report(variable, problem);
  }
  let all: FeatureHooks = {};
  const onResponse: NonNullable<FeatureHooks["onResponse"]>[] = [];
  const endpoints: Endpoint[] = [];
  for (const feature of new Set(features)) {
    const {
      onResponse: change,
      endpoints: own = [],
      ...hooks
    } = await feature.read({ ...setup, routes: all.routes ?? setup.routes });
    if (change !== undefined) onResponse.push(change);
    endpoints.push(...own);
    for (const hook of Object.keys(hooks)) {
      if ((hook in all && hook !== "routes") || !(hook in HOOKS)) {
        report("features", `have the hook ${hook} twice, or it does not exist`);
      }
    }
    all = { ...all, ...hooks };
  }
  return { ...all, onResponse, endpoints };
}
