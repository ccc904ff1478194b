/**
 * What a gateway would answer to a request, by the gateway itself: its code runs here, in the page, with the ring's documents instead
 * of KV, and an origin that answers everything with 200. Nothing is sent.
 */
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { suffixOf } from "../../../../edge-verifier/features/origins.ts";
import { createGateway } from "../../../../edge-verifier/gateway.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import type { RequestEvent } from "../../../../edge-verifier/request/event.ts";
import { isJsonObject } from "../../../../shared/json.ts";
import { keySetKvKey } from "../../../../shared/key-set.ts";
import { revocationsKvKey } from "../../../../shared/revocations/names.ts";
import { encodeUtf8 } from "../../../../shared/jws.ts";
import { toSafeJson } from "../../../words/text.ts";
import { sentenceOf } from "./sentences.ts";
import type { RingFacts } from "../ring-facts.ts";

export interface EdgeQuestion {
  readonly facts: RingFacts;
  readonly audience: string;
  readonly method: string;
  /** With a query, if it has one. */
  readonly path: string;
  readonly token: string;
}

export interface EdgeAnswer {
  /** The rule admits the request, and the origin gets it. */
  readonly isForwarded: boolean;
  readonly verdict: string;
  /** The rule that decides, as JSON; empty when there is none. */
  readonly rule: string;
  /** Headers of the answer, or of the request that the origin gets. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const HOST = "https://gateway.invalid";

/** Of a refusal, and of the identity that the origin gets. */
const SHOWN = /^(?:www-authenticate|retry-after|allow|x-sealgate-.*)$/;

/** @param clock epoch milliseconds */
export async function askGateway(question: EdgeQuestion, clock: () => number): Promise<EdgeAnswer> {
  const { facts, audience, method, path, token } = question;
  if (!path.startsWith("/") || !URL.canParse(HOST + path))
    return unasked("Type the path of a request: it begins with a slash.");
  provideTimer();
  let event: RequestEvent | undefined;
  let received: Headers | undefined;
  const gateway = createGateway(policyOf(facts.routes), {
    features: allFeatures,
    clock,
    onEvent: (one) => (event = one),
  });
  const origin = {
    fetch: async (request: Request) => {
      received = request.headers;
      return new Response(null);
    },
  };
  const env = { ...varsOf(facts, audience, origin), KEY_SETS: namespaceOf(facts) };
  const request = new Request(HOST + path, { method, headers: { authorization: `Bearer ${token}` } });
  const response = await gateway.fetch(request, env, { waitUntil: () => undefined });
  if (event === undefined) return unasked("The gateway has not said what it decided.");
  const { route } = event;
  return {
    isForwarded: event.decision === "forwarded",
    verdict: describe(event, response.status),
    rule: route === undefined ? "" : ruleOf(facts.routes, route, method),
    headers: [...(received ?? response.headers)].filter(([name]) => SHOWN.test(name)),
  };
}

function unasked(verdict: string): EdgeAnswer {
  return { isForwarded: false, verdict, rule: "", headers: [] };
}

function describe({ decision, code, refusal, reported }: RequestEvent, status: number): string {
  if (decision === "answered") return `${status}: the gateway answers this path itself.`;
  const found = reported?.refusal ?? refusal;
  const { code: reason = "", ...evidence } = found ?? {};
  const details = Object.keys(evidence).length === 0 ? "" : ` ${toSafeJson(evidence)}`;
  const why = `${reason}: ${sentenceOf(reason)}${details}`;
  if (reported !== undefined)
    return `Forwarded to the origin, because the rule only reports. It would refuse it, ${why}`;
  if (decision === "forwarded") return "Forwarded to the origin: the rule admits the request.";
  return code === reason ? `${status} ${why}` : `${status} ${code ?? ""}. In the log, ${why}`;
}

/** The gateway checks it, and says what is wrong with it. */
function policyOf(routes: unknown): RoutePolicy {
  return isPolicy(routes) ? routes : [];
}

function isPolicy(routes: unknown): routes is RoutePolicy {
  return Array.isArray(routes) && routes.every(isJsonObject);
}

function varsOf({ issuer, ring, anchors, revocations, routes }: RingFacts, audience: string, origin: object): object {
  const rules: readonly unknown[] = Array.isArray(routes) ? routes : [];
  const named = rules.flatMap((rule) =>
    isJsonObject(rule) && typeof rule["origin"] === "string" ? rule["origin"] : [],
  );
  const bindings = named.map((name) => [`ORIGIN${suffixOf(name)}`, origin] as const);
  return {
    ISSUER: issuer,
    AUDIENCE: [audience],
    RING: ring,
    TRUST_ANCHORS: anchors,
    ORIGIN: origin,
    ORIGIN_TIMEOUT_SECONDS: 1,
    ...Object.fromEntries(bindings),
    ...(revocations === undefined ? {} : { REVOCATIONS: "required" }),
  };
}

function namespaceOf({ ring, keySet, revocations }: RingFacts): object {
  const held = new Map([
    [keySetKvKey(ring), keySet],
    [revocationsKvKey(ring), revocations],
  ]);
  async function* octets(text: string): AsyncGenerator<Uint8Array> {
    yield encodeUtf8(text);
  }
  return {
    async get(key: string) {
      const text = held.get(key);
      return text === undefined ? null : octets(text);
    },
  };
}

/** The first rule of that path and method: several may have the same path. */
function ruleOf(routes: unknown, route: string, method: string): string {
  const rules: readonly unknown[] = Array.isArray(routes) ? routes : [];
  const index = rules.findIndex(
    (rule) => isJsonObject(rule) && rule["path"] === route && hasMethod(rule["methods"], method),
  );
  return index === -1 ? "" : `routes[${index}] ${toSafeJson(rules[index])}`;
}

function hasMethod(methods: unknown, method: string): boolean {
  return !Array.isArray(methods) || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}

/** workerd's `scheduler.wait`, which browsers lack. */
function provideTimer(): void {
  const known: unknown = Reflect.get(globalThis, "scheduler");
  const scheduler = typeof known === "object" && known !== null ? known : {};
  if ("wait" in scheduler) return;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  Object.defineProperty(scheduler, "wait", { value: wait });
  Object.defineProperty(globalThis, "scheduler", { value: scheduler, configurable: true });
}
