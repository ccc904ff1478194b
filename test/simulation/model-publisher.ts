/**
 * The publisher's port over the model of KV: at most one write a second, a confirmation by reading back, writes that fail
 * and arrive later or never. A write that was begun arrives within the publisher's deadline or not at all.
 */
import { SealgateError } from "../../issuer/errors.ts";
import type { FaultCode } from "../../issuer/errors.ts";
import type { KeySetPublisher } from "../../issuer/publish/publisher.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Adversity, Host } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import type { Rng } from "./rng.ts";

export interface ModelPublisherOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kv: KvModel;
  readonly host: Host;
  readonly adversity: () => Adversity;
  /** When the document that is being published was composed. */
  readonly composedMs: () => number;
}

/** What the default policy allows a publisher. */
const DEADLINE_MS = 60_000;

const READ_FAULTS: readonly FaultCode[] = ["publish_unreachable", "publish_rate_limited", "publish_timeout"];

export function createModelPublisher(options: ModelPublisherOptions): KeySetPublisher {
  const { clock, rng, coverage, kv, host, adversity, composedMs } = options;

  async function store(text: string): Promise<void> {
    const composed = composedMs();
    const begunMs = clock.nowMs;
    if (kv.isCut("api")) throw fault("publish_unreachable");
    while (clock.nowMs < (kv.writes.at(-1)?.putMs ?? 0) + 1000) {
      coverage.count("writes held back by the limit of one a second");
      await clock.sleep(1000);
      if (clock.nowMs > begunMs + 5000) throw fault("publish_rate_limited");
    }
    const put = (isLate: boolean): void => kv.put(text, "rotator", composed, isLate, host);
    if (rng.chance(adversity().lateWrite)) {
      const isLost = rng.chance(0.3);
      coverage.count(isLost ? "lost writes" : "late writes");
      if (!isLost) clock.at(begunMs + rng.between(1000, DEADLINE_MS), () => put(true));
      throw fault(isLost ? "publish_not_confirmed" : "publish_timeout");
    }
    put(false);
    if (rng.chance(adversity().slow)) await clock.sleep(rng.between(1, 20_000));
    if (kv.stored() !== text) throw fault("publish_not_confirmed");
  }

  return {
    publish: (_ring, text, rev) =>
      host.call(async () => {
        await store(text);
        return { rev, serverSkewSeconds: undefined };
      }, READ_FAULTS),
    read: () =>
      host.call(async () => {
        if (kv.isCut("api")) throw fault("publish_unreachable");
        return kv.readApi();
      }, READ_FAULTS),
  };
}

function fault(code: FaultCode): SealgateError {
  return new SealgateError(code, "the model of KV refuses", { retryable: true });
}
