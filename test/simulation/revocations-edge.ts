/** An isolate of the edge that reads lists of taken-back tokens: the real verifier over the rings' entries at its location. */
import { createRingsEdge } from "./ports.ts";
import type { EdgeConnection, RingPolicy, TrustAnchors } from "./ports.ts";
import { createEdgeProcess, createKvReads, READ_DEADLINE_MS } from "./edge.ts";
import type { IsolateOptions } from "./edge.ts";
import { createFreezer } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import type { ListToken } from "./revocations-facts.ts";
import { AUDIENCE } from "./signer.ts";

/** Guards of an edge. */
export interface ListEdgeGuards {
  /** It forgets what it holds every 30 s, and takes any list. */
  readonly edgeRev?: boolean;
  /** A list is kept for an hour without asking KV. */
  readonly edgeMemoryTtl?: boolean;
}

export interface EdgeRingModel {
  readonly policy: RingPolicy;
  readonly kv: KvModel;
  readonly lists: KvModel;
  readonly anchors: TrustAnchors;
}

export interface ListIsolateOptions extends Pick<
  IsolateOptions,
  "clock" | "rng" | "coverage" | "location" | "isFrozen" | "adversity" | "skew"
> {
  readonly rings: readonly EdgeRingModel[];
  readonly removed: ListEdgeGuards;
}

export interface ListAnswer {
  readonly code: string;
  /** KV answered the reads that the answer rests on, and the last ones that were made. */
  readonly isKvAnswering: boolean;
  /** Of the token's ring. */
  readonly listRev: number | undefined;
  readonly ring: number;
  readonly atMs: number;
}

export interface ListIsolate {
  readonly location: number;
  /** By ring, the highest rev of a list that was seen in use. */
  readonly highestList: Map<number, number>;
  request(token: ListToken): Promise<ListAnswer>;
  /** Opens a connection, and looks at it as often as the edge does. Each look is an answer, the last one is no "accepted". */
  open(token: ListToken, onAnswer: (answer: ListAnswer) => void): Promise<void>;
}

export function createListIsolate(options: ListIsolateOptions): ListIsolate {
  const { clock, rng, rings } = options;
  const freezer = createFreezer();
  const reads = createKvReads(options, () => (options.isFrozen ? freezer.pass() : Promise.resolve()), true);
  const process = createEdgeProcess(options, (hostClock) =>
    createRingsEdge({
      rings: rings.map(({ policy, kv, lists, anchors }) => ({
        policy,
        anchors,
        readKv: (cacheTtlSeconds) => reads.read(kv, cacheTtlSeconds),
        readList: (cacheTtlSeconds) => reads.read(lists, cacheTtlSeconds),
      })),
      audience: AUDIENCE,
      clock: hostClock,
      random: () => rng.next(),
      readDeadlineMs: READ_DEADLINE_MS,
    }),
  );

  function answerOf({ ring }: ListToken, code: string, atMs: number): ListAnswer {
    const { rev } = process.edge.listStatus(rings[ring]?.policy.ring ?? "");
    return { code, ring, atMs, listRev: rev, isKvAnswering: atMs > reads.troubleUntilMs };
  }

  function look(token: ListToken, connection: EdgeConnection, onAnswer: (answer: ListAnswer) => void): void {
    const everyMs = connection.recheckEverySeconds * 1000;
    const again = async (): Promise<void> => {
      const atMs = clock.nowMs;
      const code = (await freezer.run(() => connection.recheck())) ?? "accepted";
      onAnswer(answerOf(token, code, atMs));
      if (code === "accepted" && clock.nowMs < token.untilMs) clock.at(clock.nowMs + everyMs, () => void again());
    };
    clock.at(clock.nowMs + everyMs, () => void again());
  }

  return {
    location: options.location,
    highestList: new Map(),
    async request(token) {
      const atMs = clock.nowMs;
      process.age();
      const code = await freezer.run(() => process.edge.verify(token.token));
      options.coverage.count("requests");
      return answerOf(token, code, atMs);
    },
    async open(token, onAnswer) {
      const atMs = clock.nowMs;
      const { code, connection } = await freezer.run(() => process.edge.open(token.token));
      onAnswer(answerOf(token, code, atMs));
      if (connection === undefined) return;
      options.coverage.count("connections opened");
      look(token, connection, onAnswer);
    },
  };
}
