/**
 * Good tokens that a revocation list would refuse, because their `jti` has the prefix of another's. The first 32 bits are compared
 * as well: of those there are enough collisions to see that prefixes are as random as the expectation takes them to be.
 */
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import { composeBody, findEntry, parseBody } from "../../shared/revocations/sections.ts";
import { takenBack } from "./revocations.ts";

export interface Collisions {
  /** Tokens whose prefix of 64 bits is an entry's. */
  readonly found: number;
  readonly expected: number;
  /** Tokens whose first 32 bits are an entry's. */
  readonly foundOfHalf: number;
  readonly expectedOfHalf: number;
}

/** @param tokens how many random tokens are looked for among how many `entries` */
export function countCollisions(tokens: number, entries: number): Collisions {
  const ISSUER = "https://auth.example.com";
  const run = crypto.randomUUID();
  const { body, counts } = composeBody(
    Array.from({ length: entries }, (_, index) => takenBack("jti", `${run} entry ${String(index)}`, 0, ISSUER)),
  );
  const sections = parseBody(body, counts);
  if (sections === undefined || counts.jti !== entries) throw new TypeError("that many entries have no room in a list");
  const firstWords = new Set<number>();
  for (let at = 0; at < sections.octets.byteLength; at += 8) firstWords.add(sections.octets.getUint32(at));
  let found = 0;
  let foundOfHalf = 0;
  for (let index = 0; index < tokens; index += 1) {
    const prefix = revocationPrefix("jti", ISSUER, `${run} token ${String(index)}`);
    if (findEntry(sections, "jti", prefix) !== undefined) found += 1;
    if (firstWords.has(prefix[0] ?? 0)) foundOfHalf += 1;
  }
  const expected = (tokens * entries) / 2 ** 64;
  return { found, expected, foundOfHalf, expectedOfHalf: (tokens * firstWords.size) / 2 ** 32 };
}
