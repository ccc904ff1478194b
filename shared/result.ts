/**
 * A value or the reason why there is none. Used wherever a refusal is an ordinary outcome (a bad token is not an
 * exception); faults of our own or of a dependency are thrown as coded errors instead.
 */

/** Success with a `value`, or failure with an `error`. Discriminated on `ok`. */
export type Result<Value, Failure> = Ok<Value> | Err<Failure>;

export interface Ok<Value> {
  readonly ok: true;
  readonly value: Value;
}

export interface Err<Failure> {
  readonly ok: false;
  readonly error: Failure;
}

export function ok<Value>(value: Value): Ok<Value> {
  return { ok: true, value };
}

export function err<Failure>(error: Failure): Err<Failure> {
  return { ok: false, error };
}
