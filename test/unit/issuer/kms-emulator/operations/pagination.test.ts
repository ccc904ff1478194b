/** Pages of a listing: each entry once, whatever is made or deleted between two of them. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KmsError } from "../../../../../issuer/kms-emulator/errors.ts";
import { pageOf } from "../../../../../issuer/kms-emulator/operations/pagination.ts";
import type { Page } from "../../../../../issuer/kms-emulator/operations/pagination.ts";
import type { JsonObject } from "../../../../../shared/json.ts";

const RULES = { listing: "ListLetters", defaultLimit: 2, maxLimit: 3, sortKey: (item: string) => item };

function page(items: readonly string[], input: JsonObject = {}, listing = RULES.listing): Page<string> {
  return pageOf(input, items, { ...RULES, listing });
}

/** The marker of the next page, which the test has made sure to be there. */
function markerOf({ end }: Page<string>): string {
  const marker = end["NextMarker"];
  if (typeof marker !== "string") throw new Error("the test expected another page");
  return marker;
}

function refusalOf(input: JsonObject): string | undefined {
  try {
    page(["a"], input);
  } catch (error) {
    if (error instanceof KmsError) return error.name;
    throw error;
  }
  return undefined;
}

describe("a page", () => {
  test("has the default number of entries in the order of their keys, and says whether there are more", () => {
    const first = page(["c", "a", "b"]);
    expect(first.items).toEqual(["a", "b"]);
    expect(first.end).toMatchObject({ Truncated: true });
    const last = page(["c", "a", "b"], { Marker: markerOf(first) });
    expect(last).toEqual({ items: ["c"], end: { Truncated: false } });
  });

  test("that ends with the last entry has none behind it", () => {
    expect(page(["a", "b"]).end).toEqual({ Truncated: false });
    expect(page([]).end).toEqual({ Truncated: false });
  });

  test("goes on behind its marker, whatever was made or deleted meanwhile", () => {
    const Marker = markerOf(page(["b", "c", "d"]));
    expect(page(["a", "d", "e"], { Marker }).items).toEqual(["d", "e"]);
  });

  test("after page shows each entry once, for any entries and any limit", () => {
    const entries = fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), { maxLength: 12 });
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 3 }), (items, Limit) => {
        const seen: string[] = [];
        let current = page(items, { Limit });
        seen.push(...current.items);
        for (let pages = 1; current.end["Truncated"] === true && pages <= items.length; pages += 1) {
          current = page(items, { Limit, Marker: markerOf(current) });
          seen.push(...current.items);
        }
        expect(seen).toEqual([...items].sort((left, right) => (left < right ? -1 : 1)));
      }),
    );
  });
});

test.each([
  [
    "a marker of another listing",
    { Marker: markerOf(page(["a", "b", "c"], {}, "ListDigits")) },
    "InvalidMarkerException",
  ],
  ["a marker that was made up", { Marker: "made-up" }, "InvalidMarkerException"],
  ["a marker spelt differently", { Marker: `${markerOf(page(["a", "b", "c"]))}=` }, "InvalidMarkerException"],
  ["an empty marker", { Marker: "" }, "ValidationException"],
  ["no entries at all", { Limit: 0 }, "ValidationException"],
  ["more entries than a page may have", { Limit: 4 }, "ValidationException"],
])("%s is refused", (_what, input, error) => {
  expect(refusalOf(input)).toBe(error);
});
