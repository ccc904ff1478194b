/**
 * What the pictures of the console show: a ring in the embedded KMS, published by the real publisher, in front of it the real
 * gateway, and the console; all on one clock that stands until it is moved. Only its keys differ from run to run.
 */
import { createGateway } from "../../edge-verifier/gateway.ts";
import { defineRoutes } from "../../edge-verifier/index.ts";
import { HEALTH_PATH } from "../../issuer/cli/ring/gateway-health.ts";
import { startConsole } from "../../issuer/console/command.ts";
import { createDecisionLog } from "../../issuer/console/decision-log.ts";
import { startHttpServer } from "../../issuer/http/server.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { createRingMemory, rootAnchorsOf } from "../../issuer/key-ring/index.ts";
import { createRingSource } from "../../issuer/key-ring/sign/ring-source.ts";
import { toDecision } from "../../issuer/words/decision.ts";
import type { Decision } from "../../issuer/words/decision.ts";
import { startClockedRing } from "../../test/support/clocked-ring.ts";
import type { ClockedRing } from "../../test/support/clocked-ring.ts";

export const AUDIENCE = "https://api.example.com";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** So short that every span of a key's life is wide enough to be seen. */
const ROTATE_EVERY = 4 * HOUR;

const ROUTES = defineRoutes([
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/*", require: {} },
]);

/** Where the ring stands, in the order in which it comes there. */
export type Stage = "listed" | "safe" | "rotated" | "gone";

export interface Scene {
  readonly ring: ClockedRing;
  /** The console's address, which works once. */
  readonly url: string;
  readonly gateway: URL;
  /** What the gateway has decided so far, as the console shows it. */
  readonly decided: readonly Decision[];
  /** Lets time pass, with a run of the rotator where one has something to do. */
  passTo(stage: Stage): Promise<void>;
  /** A token of the ring with another subject put in. */
  changedToken(): Promise<string>;
  close(): Promise<void>;
}

/** A ring that has just been made. */
export async function startScene(): Promise<Scene> {
  const ring = await startClockedRing({ rotateEverySeconds: ROTATE_EVERY });
  const { observed } = await ring.run({ request: { kind: "init" } });
  const [log, decided] = [createDecisionLog(), Array.of<Decision>()];
  const onEvent = (event: object): void => {
    const decision = toDecision(event, ring.clock.epochMs());
    if (decision === undefined) return;
    log.add(decision);
    // The console's own questions are not shown.
    if (decision.route !== HEALTH_PATH) decided.push(decision);
  };
  const gateway = createGateway(ROUTES, { clock: () => ring.clock.epochMs(), onEvent });
  const env = {
    ISSUER: ring.policy.issuer,
    AUDIENCE,
    TRUST_ANCHORS: JSON.stringify(rootAnchorsOf(observed).map(({ jwk }) => jwk)),
    KEY_SETS: { get: () => Promise.resolve(new Response(ring.stored()).body) },
    ORIGIN: { fetch: () => Promise.resolve(new Response("{}")) },
  };
  const handler = (request: Request): Promise<Response> =>
    gateway.fetch(request, env, { waitUntil: (work) => void work });
  const edge = await startHttpServer({ handler, host: "127.0.0.1", port: 0 });
  const interrupted = new AbortController();
  const console = await startConsole({
    context: {
      policy: ring.policy,
      ports: ring.ports,
      options: { policy: ring.policy, memory: createRingMemory(), actor: "pictures" },
    },
    gateways: [new URL(edge.url)],
    audience: AUDIENCE,
    routes: ROUTES,
    decisions: log,
    port: 0,
    interrupted: interrupted.signal,
  });
  const source = createRingSource(ring.policy, { kms: ring.kms.kms, clock: ring.now });
  const issuer = createIssuer({ issuer: ring.policy.issuer, ring: source, maxTokenTtlSeconds: HOUR, clock: ring.now });
  const sign = async (claims: object, ttlSeconds: number): Promise<string> =>
    (await issuer.sign({ sub: "user-1", ...claims }, { audience: AUDIENCE, ttlSeconds })).token;
  const ask = async (path: string, token?: string): Promise<void> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    await handler(new Request(new URL(path, AUDIENCE), { headers }));
    ring.pass(3);
  };
  const runAfter = async (seconds: number): Promise<void> => {
    ring.pass(seconds);
    await ring.run();
  };
  /** What happens on the way to each stage. */
  const ways: Readonly<Record<Stage, () => Promise<void>>> = {
    async listed() {
      await runAfter(5 * MINUTE);
      ring.pass(15 * MINUTE);
    },
    safe: () => Promise.resolve(ring.pass(100 * MINUTE)),
    async rotated() {
      ring.pass(2 * HOUR - 2 * MINUTE);
      const [early, expired] = [await sign({ scope: "orders" }, HOUR), await sign({}, 60)];
      await runAfter(3 * MINUTE);
      await runAfter(5 * MINUTE);
      ring.pass(10 * MINUTE);
      const late = await sign({ scope: "orders" }, HOUR);
      await ask("/api/orders", early);
      await ask("/api/orders", late);
      await ask("/api/orders", changed(late));
      await ask("/api/orders", expired);
      await ask("/api/orders");
      await ask("/api/admin/users", late);
      await ask("/api/orders/..%2fadmin", late);
      await ask("/api/orders/4711", late);
      // What the gateway holds is older than M then, so that it reads again.
      ring.pass(MINUTE);
    },
    async gone() {
      await runAfter(HOUR);
      await runAfter(5 * MINUTE);
      ring.pass(20 * MINUTE);
    },
  };
  return {
    ring,
    url: console.url,
    gateway: new URL(edge.url),
    decided,
    passTo: (stage) => ways[stage](),
    changedToken: async () => changed(await sign({ scope: "orders" }, 300)),
    close: async () => {
      interrupted.abort();
      await console.close();
      await edge.close();
      await ring.close();
    },
  };
}

/** With another subject under the same signature. */
function changed(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims: object = JSON.parse(Buffer.from(payload, "base64url").toString());
  const others = Buffer.from(JSON.stringify({ ...claims, sub: "admin" })).toString("base64url");
  return [header, others, signature].join(".");
}
