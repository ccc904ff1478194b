/**
 * Publisher over the Cloudflare REST API: a write is believed only after the same bytes have been read back. The same code
 * writes to production and to the local KV API. It does not know what a key set holds, and does not protect against a
 * second writer: KV has no compare-and-swap.
 */
import type { RingName } from "../../shared/identifiers.ts";
import { isRev, keySetKvKey } from "../../shared/key-set.ts";
import { revocationsKvKey } from "../../shared/revocations/names.ts";
import { MAX_REVOCATIONS_CHARACTERS } from "../../shared/revocations/signed-list.ts";
import { MAX_KEY_SET_BYTES } from "../../shared/signed-key-set.ts";
import { SealgateError } from "../errors.ts";
import { createCloudflareApi } from "./cloudflare-api.ts";
import type { ApiFailure } from "./cloudflare-api.ts";
import { readCloudflareKvOptions } from "./cloudflare-kv-options.ts";
import type { CloudflareKvOptions } from "./cloudflare-kv-options.ts";
import { createKvEntries } from "./kv-entries.ts";
import type { KvEntries, KvEntry, StoredText } from "./kv-entries.ts";
import type { KeySetPublisher, Published, RevocationsPublisher } from "./publisher.ts";
import { startTimedRun } from "./retry.ts";
import type { TimedRun } from "./retry.ts";

/** One publish or one read, under its deadline. */
interface Operation {
  readonly entries: KvEntries;
  readonly run: TimedRun;
  readonly maxAttempts: number;
}

/**
 * A publisher that writes to one KV namespace.
 * @throws TypeError for options that can never work
 */
export function createCloudflareKvPublisher(options: CloudflareKvOptions): KeySetPublisher & RevocationsPublisher {
  const settings = readCloudflareKvOptions(options);
  const { clock, deadlineMs, maxAttempts, maxClockSkewSeconds } = settings;
  // One octet more than a document may have: a longer value is seen to be too long, and the rest is not transferred.
  const entries = createKvEntries(createCloudflareApi(settings), settings.namespaceId, MAX_KEY_SET_BYTES + 1);
  const start = (): Operation => ({ entries, run: startTimedRun(clock, deadlineMs), maxAttempts });
  return {
    publish: async (ring, text, rev) => {
      checkDocument(text, rev);
      return publish(start(), { key: keySetKvKey(ring), value: text, metadata: { rev } }, rev, maxClockSkewSeconds);
    },
    read: async (ring: RingName) => (await read(start(), keySetKvKey(ring))).text,
    publishRevocations: async (ring, text, rev) => {
      checkRevocations(text, rev);
      return publish(
        start(),
        { key: revocationsKvKey(ring), value: text, metadata: { rev } },
        rev,
        maxClockSkewSeconds,
      );
    },
    readRevocations: async (ring: RingName) => (await read(start(), revocationsKvKey(ring))).text,
  };
}

async function publish(
  operation: Operation,
  entry: KvEntry,
  rev: number,
  maxClockSkewSeconds: number,
): Promise<Published> {
  // Read first: before anything changes, the answer shows whether clock, token and namespace are right.
  const before = await read(operation, entry.key);
  checkClock(before.serverSkewSeconds, maxClockSkewSeconds);
  const isAcknowledged = await write(operation, entry, before);
  if (isAcknowledged) await readBack(operation, entry);
  return { rev, serverSkewSeconds: before.serverSkewSeconds };
}

/**
 * @param before what was stored until now: if it was the same text, finding it again says nothing about a lost answer
 * @returns true when the API acknowledged the write, false when the answer was lost but the text is there
 */
async function write(operation: Operation, entry: KvEntry, before: StoredText): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const failure = await operation.entries.put(entry, operation.run.remainingMs());
    if (failure === undefined) return true;
    const mayBeStored = failure.mayHaveHappened && before.text !== entry.value;
    if (mayBeStored && (await isStored(operation, entry))) return false;
    await pauseOrThrow(operation, attempt, failure);
  }
}

/** The API may answer with an older value for a while, hence several attempts. */
async function readBack(operation: Operation, entry: KvEntry): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const got = await operation.entries.get(entry.key, operation.run.remainingMs());
    if (got.ok && got.value.text === entry.value) return;
    if (!got.ok && !got.error.fault.retryable) throw got.error.fault;
    const found = got.ok ? "another value was read back" : `reading it back failed with ${got.error.fault.code}`;
    const fault = new SealgateError("publish_not_confirmed", `the write was acknowledged, but ${found}`, {
      retryable: true,
    });
    await pauseOrThrow(operation, attempt, { fault, retryAfterMs: got.ok ? undefined : got.error.retryAfterMs });
  }
}

async function isStored(operation: Operation, entry: KvEntry): Promise<boolean> {
  const got = await operation.entries.get(entry.key, operation.run.remainingMs());
  return got.ok && got.value.text === entry.value;
}

async function read(operation: Operation, key: string): Promise<StoredText> {
  for (let attempt = 1; ; attempt += 1) {
    const got = await operation.entries.get(key, operation.run.remainingMs());
    if (got.ok) return got.value;
    await pauseOrThrow(operation, attempt, got.error);
  }
}

/** Waits for the next attempt, or throws when there must not be one: not retryable, too many, or past the deadline. */
async function pauseOrThrow(
  { run, maxAttempts }: Operation,
  attempt: number,
  { fault, retryAfterMs }: Pick<ApiFailure, "fault" | "retryAfterMs">,
): Promise<void> {
  const mayRetry = fault.retryable && attempt < maxAttempts;
  if (!mayRetry || !(await run.pause(attempt, retryAfterMs))) throw fault;
}

/** Edges refuse a document whose `iat` lies ahead of their clock by more than the skew they allow. */
function checkClock(serverSkewSeconds: number | undefined, maxClockSkewSeconds: number): void {
  if (serverSkewSeconds === undefined || Math.abs(serverSkewSeconds) <= maxClockSkewSeconds) return;
  const seconds = String(Math.round(Math.abs(serverSkewSeconds)));
  const direction = serverSkewSeconds > 0 ? "behind" : "ahead of";
  const message = `this host's clock is ${seconds} s ${direction} the Cloudflare API's; nothing was published`;
  throw new SealgateError("clock_skewed", message);
}

function checkRevocations(text: string, rev: number): void {
  if (!/^[A-Za-z0-9_.-]+\n[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("text must be a compact JWS and a body");
  if (text.length > MAX_REVOCATIONS_CHARACTERS) throw new TypeError("text is larger than a revocation list can be");
  if (!isRev(rev)) throw new TypeError("rev must be a positive whole number");
}

function checkDocument(text: string, rev: number): void {
  if (!/^[A-Za-z0-9_.-]+$/.test(text)) throw new TypeError("text must be a compact JWS");
  if (text.length > MAX_KEY_SET_BYTES) throw new TypeError("text is larger than a key set document can be");
  if (!isRev(rev)) throw new TypeError("rev must be a positive whole number");
}
