/**
 * What every reader of key set documents must do, whatever place it reads: run against each place that a verifier offers, so
 * that the key ladder can rely on it. Web globals only.
 */
import { describe, expect, test } from "vitest";
import type { KeySetReader, KeySetReading, KeySets } from "../../shared/keys/key-set-reader.ts";
import { MAX_KEY_SET_BYTES } from "../../shared/signed-key-set.ts";
import { ringName } from "./key-sets.ts";

/** A kind of place, and how it comes to hold a text. */
export interface ReaderTarget {
  /** The place, holding `text` as the document of `ring`. */
  holding(ring: string, text: string): Promise<KeySets>;
  /** The place without a document; undefined for one that cannot be empty. */
  readonly empty: (() => Promise<KeySets>) | undefined;
}

const DOCUMENT = "aGVhZGVy.cGF5bG9hZA.c2ln";
/** The least and the default `cacheTtl` of the ladder, in seconds. */
const CACHE_TTLS = [30, 60];

/** What a read gives of a place that is asked itself. */
function reading(text: string): KeySetReading {
  return { text, ageSeconds: 0 };
}

export function describeKeySetReaderContract(name: string, target: ReaderTarget): void {
  async function readerHolding(text: string): Promise<KeySetReader> {
    return (await target.holding("contract", text)).readerOf(ringName("contract"));
  }

  describe(`the contract of key set readers, on ${name}`, () => {
    test.each(CACHE_TTLS)("a document is read character for character, with a cacheTtl of %i s", async (cacheTtl) => {
      expect(await (await readerHolding(DOCUMENT)).read(cacheTtl)).toEqual(reading(DOCUMENT));
    });

    test("a text that is no document is handed over too: the ladder judges it", async () => {
      expect(await (await readerHolding("<html>")).read(30)).toEqual(reading("<html>"));
    });

    test("reads at the same time do not disturb each other", async () => {
      const reader = await readerHolding(DOCUMENT);
      expect(await Promise.all([reader.read(30), reader.read(60), reader.read(30)])).toEqual([
        reading(DOCUMENT),
        reading(DOCUMENT),
        reading(DOCUMENT),
      ]);
    });

    test("a document of the largest size is read whole, and a larger one is seen to be too large", async () => {
      expect((await (await readerHolding("a".repeat(MAX_KEY_SET_BYTES))).read(30))?.text.length).toBe(
        MAX_KEY_SET_BYTES,
      );
      const tooLarge = await (await readerHolding("a".repeat(MAX_KEY_SET_BYTES + 2))).read(30);
      expect(tooLarge?.text.length).toBeGreaterThan(MAX_KEY_SET_BYTES);
    });

    test.runIf(target.empty !== undefined)("without a document the answer is null, not an error", async () => {
      const place = await target.empty?.();
      expect(await place?.readerOf(ringName("contract")).read(30)).toBeNull();
    });
  });
}
