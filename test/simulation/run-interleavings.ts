/** `npm run simulate -- --interleavings`: every interleaving of two rotators in the small world, over all processors. */
import { availableParallelism } from "node:os";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { FATES, OCCASIONS, exploreAll } from "./exhaustive.ts";
import type { Exploration, Explored } from "./exhaustive.ts";

/** @returns whether every promise was kept in all of them */
export async function runInterleavings(say: (line: string) => void): Promise<boolean> {
  const begun = performance.now();
  const worlds = OCCASIONS.flatMap((occasion) => FATES.map((fate): Exploration => ({ occasion, ...fate, stride: 1 })));
  let [total, broken] = [0, 0];
  const queue = worlds.values();
  const work = async (): Promise<void> => {
    for (const world of queue) {
      const explored = await exploreInThread(world);
      const fate = world.dies ? "the first dies" : `the first goes on after ${world.pauseSeconds} s`;
      say(`${world.occasion}, ${fate}: ${explored.count} interleavings, ${explored.broken.length} broken`);
      for (const { interleaving, ending } of explored.broken) {
        say(`BROKEN ${JSON.stringify(interleaving)}: ${JSON.stringify(ending)}`);
      }
      total += explored.count;
      broken += explored.broken.length;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  say(`\n${total} interleavings in ${((performance.now() - begun) / 1000).toFixed(0)} s: ${broken} broken`);
  return broken === 0;
}

function exploreInThread(world: Exploration): Promise<Explored> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: world });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}

function isExploration(value: unknown): value is Exploration {
  return typeof value === "object" && value !== null && "occasion" in value && "stride" in value;
}

if (!isMainThread && isExploration(workerData)) {
  installCheapCrypto();
  Error.stackTraceLimit = 0;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, which has no origin
  parentPort?.postMessage(await exploreAll(workerData));
}
