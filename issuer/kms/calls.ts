/**
 * What the AWS SDK does not do for a call: a connection of its own before the SDK's time limits begin, a deadline over all of
 * it (the wait for a connection, the look for credentials, all attempts, and the waiting between them), and the time at which
 * KMS answered.
 *
 * They reach the HTTP exchange by a middleware and not by `send`'s options, because a call with options has its middleware put
 * together anew, which costs a tenth of its CPU time.
 */
import { finished } from "node:stream";
import type { KMSClient } from "@aws-sdk/client-kms";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { createSlots } from "./slots.ts";
import type { Slots } from "./slots.ts";

/** What a call is doing: waiting for a connection, looking for credentials and signing the request, or asking KMS. */
export type CallStage = "waiting" | "preparing" | "asking";

interface Call {
  readonly abortSignal: AbortSignal;
  stage: CallStage;
  /** When the stage began, in milliseconds of a clock that does not jump. */
  sinceMs: number;
  /** What each stage has taken before that, all attempts together. */
  readonly spentMs: Record<CallStage, number>;
  /** The `Date` of the last HTTP answer, as it was written. */
  date: unknown;
  /** Gives the connection back; undefined while the call has none. */
  release: (() => void) | undefined;
}

interface SentCommand {
  readonly input: object;
}

/** The deadline has passed. The name is the one that the SDK gives its own. */
export class DeadlinePassed extends Error {
  override readonly name = "TimeoutError";
}

export interface Calls {
  /** Runs one call. Rejects with {@link DeadlinePassed}, or as `send` does. */
  readonly run: <Answer>(command: SentCommand, send: () => Promise<Answer>) => Promise<Answer>;
  /** What a command that was run was doing when it ended; at the deadline, what it has spent most of its time on. */
  readonly stageOf: (command: SentCommand) => CallStage;
  /** The `Date` of the last HTTP answer to a command that was run, if it carried one. */
  readonly serverTimeOf: (command: SentCommand) => EpochSeconds | undefined;
}

export interface CallLimits {
  /** Longest time for one call, in milliseconds. */
  readonly totalTimeoutMs: number;
  /** Calls that are under way at once; the rest waits in order. Infinity for a client with connections of its own. */
  readonly maxSockets: number;
}

/** Prepares a client. */
export function createCalls(client: KMSClient, { totalTimeoutMs, maxSockets }: CallLimits): Calls {
  // Weak, because the SDK may still be waiting for its next attempt when the deadline has ended the call.
  const calls = new WeakMap<object, Call>();
  const slots = createSlots(maxSockets);
  takePart(client, calls, slots);
  return {
    async run({ input }, send) {
      const controller = new AbortController();
      const { promise: passed, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        const reason = new DeadlinePassed("the deadline of the call has passed");
        // A call that waited for 9.9 s and asked for 0.1 s has failed because it had to wait.
        call.stage = longestStageOf(call);
        controller.abort(reason);
        reject(reason);
      }, totalTimeoutMs);
      const call = startCall(controller.signal);
      calls.set(input, call);
      try {
        // The signal ends the request that is under way and forbids the next; looking for credentials can hang before that.
        return await Promise.race([connect(call, slots).then(send), passed]);
      } finally {
        clearTimeout(timer);
        // At the deadline the request is being torn down; calls that end at the same time have not had its connection.
        if (controller.signal.aborted) setImmediate(() => disconnect(call));
        else disconnect(call);
      }
    },
    stageOf: ({ input }) => calls.get(input)?.stage ?? "waiting",
    serverTimeOf({ input }) {
      const date = calls.get(input)?.date;
      return typeof date === "string" ? parseEpochSeconds(Date.parse(date) / 1000) : undefined;
    },
  };
}

/** As the innermost step: hands each request to the client's handler, with the connection and the signal of its call. */
function takePart({ config, middlewareStack }: KMSClient, calls: WeakMap<object, Call>, slots: Slots): void {
  const { requestHandler } = config;
  middlewareStack.add(
    (next) => async (args) => {
      const call = calls.get(args.input);
      if (call === undefined) return next(args);
      // The first attempt has its connection already; a later one waits like a new call.
      if (call.release === undefined) await connect(call, slots);
      enter(call, "asking");
      try {
        const exchange = await requestHandler.handle(args.request, { abortSignal: call.abortSignal });
        call.date = exchange.response.headers["date"];
        // What KMS refuses may be tried again after a while, in which the connection is for others.
        if (exchange.response.statusCode >= 400) whenRead(exchange.response.body, () => disconnect(call));
        return exchange;
      } catch (error) {
        // What the deadline ends, `run` disconnects.
        if (!call.abortSignal.aborted) disconnect(call);
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: `sealgateCalls${(middlewareCount += 1)}` },
  );
}

/** A client that is given to several adapters carries one middleware for each; their names must differ. */
let middlewareCount = 0;

function startCall(abortSignal: AbortSignal): Call {
  const spentMs = { waiting: 0, preparing: 0, asking: 0 };
  return { abortSignal, stage: "waiting", sinceMs: performance.now(), spentMs, date: undefined, release: undefined };
}

/** After its deadline a call is in the stage that has cost it its time; what the SDK does afterwards does not count. */
function enter(call: Call, stage: CallStage): void {
  if (call.abortSignal.aborted) return;
  addTime(call);
  call.stage = stage;
}

function addTime(call: Call): void {
  const nowMs = performance.now();
  call.spentMs[call.stage] += nowMs - call.sinceMs;
  call.sinceMs = nowMs;
}

function longestStageOf(call: Call): CallStage {
  addTime(call);
  const { waiting, preparing, asking } = call.spentMs;
  if (asking >= waiting && asking >= preparing) return "asking";
  return waiting >= preparing ? "waiting" : "preparing";
}

async function connect(call: Call, slots: Slots): Promise<void> {
  enter(call, "waiting");
  const release = await slots.take(call.abortSignal);
  call.release = release;
  enter(call, "preparing");
  // The call may have ended between the grant and here.
  if (call.abortSignal.aborted) disconnect(call);
}

function disconnect(call: Call): void {
  const { release } = call;
  call.release = undefined;
  release?.();
}

function whenRead(body: unknown, then: () => void): void {
  if (isStream(body)) finished(body, then);
  else then();
}

function isStream(body: unknown): body is NodeJS.ReadableStream {
  return typeof body === "object" && body !== null && "pipe" in body;
}
