/**
 * What the AWS SDK does not do for a call: a deadline over all of it (the look for credentials, all attempts, and the waiting
 * between them), and the time at which KMS answered.
 *
 * Both reach the HTTP exchange by a middleware and not by `send`'s options, because a call with options has its middleware put
 * together anew, which costs a tenth of its CPU time.
 */
import type { KMSClient } from "@aws-sdk/client-kms";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";

interface Call {
  readonly abortSignal: AbortSignal;
  /** The `Date` of the last HTTP answer, as it was written. */
  date: unknown;
}

interface SentCommand {
  readonly input: object;
}

export interface Calls {
  /** Runs one call. Rejects with the deadline's `TimeoutError`, or as `send` does. */
  readonly run: <Answer>(command: SentCommand, send: () => Promise<Answer>) => Promise<Answer>;
  /** The `Date` of the last HTTP answer to a command that was run, if it carried one. */
  readonly serverTimeOf: (command: SentCommand) => EpochSeconds | undefined;
}

/**
 * Prepares a client.
 * @param totalTimeoutMs longest time for one call, in milliseconds
 */
export function createCalls(client: KMSClient, totalTimeoutMs: number): Calls {
  // Weak, because the SDK may still be waiting for its next attempt when the deadline has ended the call.
  const calls = new WeakMap<object, Call>();
  takePart(client, calls);
  return {
    async run({ input }, send) {
      const controller = new AbortController();
      const { promise: passed, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        const reason = new DOMException("the deadline of the call has passed", "TimeoutError");
        controller.abort(reason);
        reject(reason);
      }, totalTimeoutMs);
      calls.set(input, { abortSignal: controller.signal, date: undefined });
      try {
        // The signal ends the request that is under way and forbids the next; looking for credentials can hang before that.
        return await Promise.race([send(), passed]);
      } finally {
        clearTimeout(timer);
      }
    },
    serverTimeOf({ input }) {
      const date = calls.get(input)?.date;
      return typeof date === "string" ? parseEpochSeconds(Date.parse(date) / 1000) : undefined;
    },
  };
}

/** As the innermost step: hands each request to the client's handler, with the signal of its call. */
function takePart({ config, middlewareStack }: KMSClient, calls: WeakMap<object, Call>): void {
  const { requestHandler } = config;
  middlewareStack.add(
    (next) => async (args) => {
      const call = calls.get(args.input);
      if (call === undefined) return next(args);
      const exchange = await requestHandler.handle(args.request, { abortSignal: call.abortSignal });
      call.date = exchange.response.headers["date"];
      return exchange;
    },
    { step: "deserialize", priority: "low", name: `sealgateCalls${(middlewareCount += 1)}` },
  );
}

/** A client that is given to several adapters carries one middleware for each; their names must differ. */
let middlewareCount = 0;
