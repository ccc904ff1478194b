/**
 * Counts KV reads: requests at a steady rate on a virtual clock, against the gateway's own key ladder. Answers with the
 * number of reads that were started, and of requests that had to wait for one. With `unknown=1` every request has a token with
 * an unknown kid besides.
 */
import { createKeyLadder } from "../../shared/keys/key-ladder.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { BENCH_RING, issuerOf } from "./sealgate.ts";
import type { ContenderEnv } from "./serve.ts";

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

/** Lets a read that was started in the background end before the next virtual request. */
const A_TURN_EVERY = 100;

const worker: { fetch(request: Request, env: ContenderEnv, context: Context): Promise<Response> } = {
  async fetch(request, { SETTINGS }, context) {
    const url = new URL(request.url);
    const requests = Number(url.searchParams.get("requests"));
    const unknownKids = url.searchParams.get("unknown") === "1";
    const perSecond = Number(url.searchParams.get("rate"));
    const anchors = await importTrustAnchors(SETTINGS.anchors);
    if (!anchors.ok) throw new TypeError("the trust anchors are refused");
    let reads = 0;
    let waits = 0;
    const ladder = createKeyLadder({
      reader: {
        read: async () => {
          reads += 1;
          return { text: SETTINGS.keySet, ageSeconds: 0 };
        },
      },
      anchors: anchors.value,
      issuer: issuerOf(SETTINGS),
      ring: BENCH_RING,
      acceptsUnnamed: true,
      minRev: 1,
      bootstrapKeySet: undefined,
      readDeadlineMs: 1000,
      random: () => 0.5,
    });
    const startMs = Date.now();
    const waitUntil = (work: Promise<unknown>): void => context.waitUntil(work);
    for (let sent = 0; sent < requests; sent += 1) {
      const nowMs = startMs + (sent * 1000) / perSecond;
      const held = ladder.ready(nowMs, waitUntil);
      if (held === undefined) {
        waits += 1;
        if (!(await ladder.current(nowMs, waitUntil)).ok) throw new Error("no keys");
      } else if (unknownKids) await ladder.refreshForUnknownKid(held.keySet, nowMs, waitUntil);
      if (sent % A_TURN_EVERY === 0) await ladder.current(nowMs, waitUntil);
    }
    return Response.json({ reads, waits });
  },
};

export default worker;
