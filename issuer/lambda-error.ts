/** Faults as Lambda's runtime reports them: an error's name, message and stack, and nothing else of it. */

/** An error whose name, which becomes `errorType`, is the code of a fault or problem. */
export function namedByCode(error: { readonly code: string; readonly message: string }): Error {
  const named = new Error(error.message);
  named.name = error.code;
  return named;
}
