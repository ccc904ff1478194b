/** Faults as Lambda's runtime reports them: an error's name, message and stack, and nothing else of it. */
import { explain } from "./errors.ts";

/** An error whose name, which becomes `errorType`, is the code of a fault or problem. */
export function namedByCode(error: {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}): Error {
  const named = new Error(explain(error));
  named.name = error.code;
  return named;
}
