/**
 * A value whose changes are seen by readers only after a delay, as KMS's are ("in most cases … less than a few seconds, but
 * in some cases … several minutes"; AWS KMS Developer Guide, "KMS eventual consistency"). No clock: instants are passed in.
 */

/** `latest` is the truth that writes are checked against; `visibleAt` is what readers are told. */
export class EventuallyVisible<Value> {
  #versions: { readonly value: Value; readonly visibleFromMs: number }[];

  /** @param visibleFromMs instant from which the first value is seen; before it `visibleAt` answers undefined. */
  constructor(value: Value, visibleFromMs: number) {
    this.#versions = [{ value, visibleFromMs }];
  }

  get latest(): Value {
    const version = this.#versions.at(-1);
    if (version === undefined) throw new TypeError("an eventually visible value always has a version");
    return version.value;
  }

  /** The newest value that is visible at `nowMs`, or undefined when none is yet. */
  visibleAt(nowMs: number): Value | undefined {
    return this.#versions.findLast((version) => version.visibleFromMs <= nowMs)?.value;
  }

  /** Changes the value now (`latest`); readers see it from `visibleFromMs` on. */
  set(value: Value, nowMs: number, visibleFromMs: number): void {
    const seen = this.#versions.findLastIndex((version) => version.visibleFromMs <= nowMs);
    // What lies before the version seen now can only come back if the clock is set back.
    this.#versions = [...this.#versions.slice(Math.max(seen, 0)), { value, visibleFromMs }];
  }
}
