/** Limit and Marker: pages in the order of a sort key, so that entries made or deleted between two pages shift nothing. */
import type { JsonObject } from "../../../shared/json.ts";
import { KmsError } from "../errors.ts";
import { optionalInteger, optionalString } from "../input.ts";

export interface PageRules<Item> {
  /** Prefix of the marker: a marker of one listing is no good for another. */
  readonly listing: string;
  readonly defaultLimit: number;
  readonly maxLimit: number;
  /** Unique among the items. */
  sortKey(item: Item): string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** `Truncated` and, if there is more, `NextMarker`. */
  readonly end: JsonObject;
}

/** The page that the request's Limit and Marker ask for. @throws KmsError InvalidMarkerException, ValidationException. */
export function pageOf<Item>(input: JsonObject, items: readonly Item[], rules: PageRules<Item>): Page<Item> {
  const limit = optionalInteger(input, "Limit", { min: 1, max: rules.maxLimit }) ?? rules.defaultLimit;
  const marker = optionalString(input, "Marker", { min: 1, max: 1024 });
  const after = marker === undefined ? "" : readMarker(rules.listing, marker);
  const rest = items
    .map((item) => ({ item, key: rules.sortKey(item) }))
    .filter(({ key }) => key > after)
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const truncated = rest.length > page.length && last !== undefined;
  return {
    items: page.map(({ item }) => item),
    end: truncated ? { Truncated: true, NextMarker: writeMarker(rules.listing, last.key) } : { Truncated: false },
  };
}

function writeMarker(listing: string, key: string): string {
  return Buffer.from(`${listing}:${key}`).toString("base64url");
}

function readMarker(listing: string, marker: string): string {
  const text = Buffer.from(marker, "base64url").toString();
  const prefix = `${listing}:`;
  // Writing it again shows both that the prefix is this listing's and that the encoding is the one given out.
  if (writeMarker(listing, text.slice(prefix.length)) !== marker) {
    throw new KmsError("InvalidMarkerException", "Could not deserialize marker");
  }
  return text.slice(prefix.length);
}
