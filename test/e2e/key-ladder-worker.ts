/**
 * A Worker with nothing but a key ladder, whose reader is an HTTP server of the test: reads are I/O that workerd binds to
 * the request that made it, and the test decides when they end.
 */
import { createKeyLadder } from "../../shared/keys/key-ladder.ts";
import type { KeyLadder } from "../../shared/keys/key-ladder.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { TEST_ISSUER, TEST_RING } from "../support/key-sets.ts";

interface Env {
  readonly KEY_SET_URL: string;
  /** JSON text, as in the gateway's configuration. */
  readonly TRUST_ANCHORS: string;
  readonly READ_DEADLINE_MS: number;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

let ladder: KeyLadder | undefined;

async function createLadder(env: Env): Promise<KeyLadder> {
  const anchors = await importTrustAnchors(JSON.parse(env.TRUST_ANCHORS));
  if (!anchors.ok) throw new TypeError("the test passes usable anchors");
  return createKeyLadder({
    reader: {
      async read() {
        const response = await fetch(env.KEY_SET_URL);
        if (!response.ok) throw new Error(`the reader answered ${response.status}`);
        return { text: await response.text(), ageSeconds: 0 };
      },
    },
    anchors: anchors.value,
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    acceptsUnnamed: true,
    minRev: 1,
    bootstrapKeySet: undefined,
    readDeadlineMs: env.READ_DEADLINE_MS,
    random: Math.random,
  });
}

export default {
  /** `?now=` is the time in epoch milliseconds. */
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const nowMs = Number(new URL(request.url).searchParams.get("now"));
    ladder ??= await createLadder(env);
    const held = await ladder.current(nowMs, (work) => context.waitUntil(work));
    if (!held.ok) return Response.json(held.error, { status: 503 });
    return Response.json({ source: held.value.source, rev: held.value.keySet.document.rev });
  },
};
