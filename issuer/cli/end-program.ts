/**
 * Ends the program with its command. Waiting for the event loop to run dry would take as long as what was left half-way: the AWS SDK,
 * for one, goes on waiting for the next attempt of a call that a deadline has ended.
 */
import type { Writable } from "node:stream";
import type { ExitCode } from "./exit-codes.ts";

/** @param streams whose text has to be out before */
export async function endProgram(
  code: ExitCode,
  streams: readonly Writable[],
  exit: (code: ExitCode) => void,
): Promise<void> {
  await Promise.all(streams.map(drained));
  exit(code);
}

/** Also of a reader that is gone, to whom nothing can be written any more. */
async function drained(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.write("", () => resolve());
  return promise;
}
