/**
 * The feature `revocations`: tokens that were taken back are refused (`REVOCATIONS`), open WebSockets are closed with them, rules
 * may end their bodies with the token (`endWithToken`), and verifiers elsewhere may read the lists (`REVOCATIONS_ENDPOINT`). How
 * lists are held and searched is in shared/revocations/; nothing is taken back here.
 */
import type { RingName } from "../../shared/identifiers.ts";
import { createKvReader } from "../../shared/keys/key-set-reader.ts";
import { guardVerification } from "../../shared/revocations/guard.ts";
import { REVOCATIONS_PATH, revocationsKvKey } from "../../shared/revocations/names.ts";
import type { Revocations } from "../../shared/revocations/revocations.ts";
import { DEFAULT_RING, parseRingNames } from "../../shared/rings.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import type { Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import { endBodyWithToken } from "../http/ending-body.ts";
import { untilExpiry } from "../http/websocket.ts";
import type { TokenWatch } from "../http/websocket.ts";
import { takeMembers } from "../policy/feature-members.ts";
import type { Endpoint, Feature, FeatureHooks } from "../request/hooks.ts";
import { refused } from "../request/outcome.ts";
import { answerText } from "../request/own-endpoints.ts";

export const revocations: Feature = {
  name: "revocations",
  read({ env, report, routes, clock }) {
    let made: Revocations | undefined;
    const watch = (token: VerifiedToken): TokenWatch => watchToken(token, made, clock);
    const ending = readEnding(routes, report, watch);
    const { REVOCATIONS: mode, REVOCATIONS_ENDPOINT: endpoint } = env;
    if (mode !== undefined && mode !== "required") report("REVOCATIONS", "must be required, or be left out");
    if (endpoint !== undefined && endpoint !== "public")
      report("REVOCATIONS_ENDPOINT", "must be public, or be left out");
    if (mode === undefined) {
      if (endpoint !== undefined) report("REVOCATIONS_ENDPOINT", "has no effect without REVOCATIONS");
      return ending;
    }
    return {
      ...ending,
      watch,
      guard: (verification, settings) => {
        const readerOf = (name: RingName) => createKvReader(settings.keySets, revocationsKvKey(name));
        const guarded = guardVerification(verification, settings, readerOf);
        made = guarded.revocations;
        return guarded;
      },
      ...(endpoint === undefined ? undefined : { endpoints: endpointsFor(env, () => made, clock) }),
    };
  },
};

/** What rules say of their bodies. */
function readEnding(
  routes: unknown,
  report: Report,
  watch: (token: VerifiedToken) => TokenWatch,
): Pick<FeatureHooks, "routes" | "endBody"> {
  const members = takeMembers(routes, ["endWithToken"]);
  if (members === undefined) return {};
  const ends = members.taken.map((own, place) => {
    if (!("endWithToken" in own)) return false;
    if (own.endWithToken !== true) report(`routes[${place}]`, "endWithToken must be true, or be left out");
    return true;
  });
  return {
    routes: members.routes,
    endBody: (answer, { place }, token) => (ends[place] ? endBodyWithToken(answer, watch(token)) : undefined),
  };
}

/** @param revocations undefined where only `exp` ends a token */
function watchToken(token: VerifiedToken, revocations: Revocations | undefined, clock: () => number): TokenWatch {
  const expiry = untilExpiry(token.claims.exp * 1000, clock());
  if (revocations === undefined) return expiry;
  return (end) => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    let isStopped = false;
    const stopExpiry = expiry(end);
    const plan = (): void => {
      timer = setTimeout(() => void look(), revocations.recheckEverySeconds(token, clock()) * 1000);
    };
    const look = async (): Promise<void> => {
      // The connection keeps what is read going.
      const problem = await revocations.recheck(token, clock(), () => undefined);
      if (isStopped) return;
      if (problem === undefined) plan();
      else end("retryAfterSeconds" in problem ? problem.code.replace("_", " ") : "token revoked");
    };
    plan();
    return () => {
      isStopped = true;
      stopExpiry();
      clearTimeout(timer);
    };
  };
}

/** Of each ring; the path without a name too, if there is one ring. */
function endpointsFor(env: Bindings, made: () => Revocations | undefined, clock: () => number): readonly Endpoint[] {
  const names = parseRingNames(env["RING"] ?? DEFAULT_RING) ?? [];
  const endpoints = names.map((name) => publishedAt(`${REVOCATIONS_PATH}/${name}`, name, made, clock));
  const unnamed = names.length === 1 ? names : [];
  return [...endpoints, ...unnamed.map((name) => publishedAt(REVOCATIONS_PATH, name, made, clock))];
}

/**
 * GET /.well-known/sealgate/revocations/<ring>: the list, for verifiers that pin the root key. Anybody who reads it can find out
 * whether a guessed `sub` or `sid` is on it: the hash is not keyed.
 */
function publishedAt(path: string, ring: RingName, made: () => Revocations | undefined, clock: () => number): Endpoint {
  return {
    path,
    answer: async (waitUntil, request) => {
      const held = await made()?.current(ring, clock(), waitUntil);
      if (held === undefined) return refused({ code: "not_found" }, { route: path });
      if ("code" in held) return refused(held, { route: path });
      return answerText(path, request, held.text, "text/plain; charset=utf-8", held);
    },
  };
}
