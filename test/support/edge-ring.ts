/**
 * A ring for tests of the edge: a root key, two token keys and a ladder over a reader of the test's choice. Web globals
 * only.
 */
import type { StartTimer } from "../../shared/keys/deadline.ts";
import { createKeyLadder } from "../../shared/keys/key-ladder.ts";
import type { KeyLadder } from "../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../shared/keys/key-rings.ts";
import type { KeyRings } from "../../shared/keys/key-rings.ts";
import type { KeySetReader } from "../../shared/keys/key-set-reader.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, TEST_ISSUER, TEST_RING } from "./key-sets.ts";
import { createManualTimer, createScriptedReader } from "./key-set-readers.ts";
import type { ManualTimer, ScriptedReader } from "./key-set-readers.ts";
import type { TestKey, TestRoot } from "./key-sets.ts";

/** The time at which the tests' documents are issued: epoch seconds and milliseconds. */
export const ISSUED_AT = 1_800_000_000;
export const ISSUED_AT_MS: number = ISSUED_AT * 1000;

/** M of the tests' documents, in milliseconds. */
export const MEMORY_TTL_MS = 30_000;

export interface TestRing {
  readonly root: TestRoot;
  /** Stands in every document of {@link TestRing.publish}. */
  readonly key: TestKey;
  /** Stands in none. */
  readonly newKey: TestKey;
  /** A signed document with `key`, issued at {@link ISSUED_AT}, valid for a day, `rev` 10. */
  publish(changes?: Partial<KeySetDocument>, keys?: readonly TestKey[]): Promise<string>;
}

export async function makeRing(): Promise<TestRing> {
  const [root, key, newKey] = await Promise.all([makeRoot(), makeKey("ES256"), makeKey("ES256")]);
  return {
    root,
    key,
    newKey,
    publish: (changes = {}, keys = [key]) =>
      signKeySet(makeDocument(keys, seconds(ISSUED_AT), { rev: 10, ...changes }), root),
  };
}

export interface LadderChoices {
  readonly bootstrap?: string;
  readonly minRev?: number;
  readonly readDeadlineMs?: number;
  readonly random?: () => number;
  readonly startTimer?: StartTimer;
}

/** A ladder that trusts the ring's root; without jitter unless `random` is given. */
export function makeLadder(ring: TestRing, reader: KeySetReader, choices: LadderChoices = {}): KeyLadder {
  const { bootstrap, minRev = 1, readDeadlineMs = 2000, random = () => 0, startTimer } = choices;
  const config = {
    reader,
    anchors: ring.root.anchors,
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    acceptsUnnamed: true,
    minRev,
    bootstrapKeySet: bootstrap,
    readDeadlineMs,
    random,
  };
  return createKeyLadder(startTimer === undefined ? config : { ...config, startTimer });
}

/** The ladder's ring as the only one. */
export function onlyRing(ladder: KeyLadder): KeyRings {
  return createKeyRings([{ name: TEST_RING, ladder }]);
}

/** A ladder that holds the ring's first document, with the reader and the timer that it was given. */
export interface LadderScene {
  readonly reader: ScriptedReader;
  readonly timer: ManualTimer;
  readonly ladder: KeyLadder;
}

/** A ladder that holds rev 10 since {@link ISSUED_AT_MS}, with the reads counted from there. */
export async function makeHoldingLadder(
  ring: TestRing,
  waitUntil: (work: Promise<unknown>) => void,
  choices: LadderChoices = {},
): Promise<LadderScene> {
  const reader = createScriptedReader(await ring.publish());
  const timer = createManualTimer();
  const ladder = makeLadder(ring, reader, { startTimer: timer.start, ...choices });
  await ladder.current(ISSUED_AT_MS, waitUntil);
  return { reader, timer, ladder };
}
