/** Faults as Lambda's runtime reports them: an error's name, message and stack, and nothing else of it. */
import type { SealgateError } from "./errors.ts";

/** An error whose name, which becomes `errorType`, is the fault's code. */
export function namedByCode(error: SealgateError): Error {
  const named = new Error(error.message);
  named.name = error.code;
  return named;
}
