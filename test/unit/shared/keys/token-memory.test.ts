/** The memory of verified tokens: nothing but what was remembered, with what it was verified under, never beyond its bounds. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenMemory } from "../../../../shared/keys/token-memory.ts";
import { parseEpochSeconds } from "../../../../shared/identifiers.ts";
import type { VerifiedToken } from "../../../../shared/verify-token.ts";
import { given } from "../../../support/values.ts";

const EXP = given(parseEpochSeconds(1_800_003_600));

function verified(sub: string): VerifiedToken {
  return {
    header: { alg: "ES256", kid: "kid", typ: "jwt" },
    claims: {
      iss: "https://auth.example.com",
      aud: ["api"],
      exp: EXP,
      iat: 1_800_000_000,
      sub,
      nested: { roles: ["a"] },
    },
  };
}

const UNDER = {};

describe("token memory", () => {
  test("gives back exactly what was remembered, and nothing for another token", () => {
    const memory = createTokenMemory({ maxEntries: 10, maxCharacters: 1000 });
    const token = verified("alice");
    memory.remember("token-a", token, UNDER);
    const remembered = given(memory.recall("token-a"));
    expect(remembered.outcome).toEqual({ ok: true, value: token });
    expect(memory.recall("token-b")).toBeUndefined();
    expect(memory.recall("token-a ")).toBeUndefined();
  });

  test("tokens that end alike are told apart by the rest, and never take each other's place in an answer", () => {
    const memory = createTokenMemory({ maxEntries: 10, maxCharacters: 1000 });
    const [alice, mallory] = ["alice", "mallory"].map((name) => `${name}.${"s".repeat(86)}`);
    memory.remember(given(alice), verified("alice"), UNDER);
    expect(memory.recall(given(mallory))).toBeUndefined();
    memory.remember(given(mallory), verified("mallory"), UNDER);
    expect(memory.recall(given(alice))).toBeUndefined();
    expect(memory.recall(given(mallory))?.outcome.value.claims["sub"]).toBe("mallory");
    expect([memory.size, memory.characters]).toEqual([1, 94]);
    // The same after the token has become old.
    memory.remember("x", verified("x"), UNDER);
    for (let index = 0; index < 5; index += 1) memory.remember(`other-${index}`, verified("other"), UNDER);
    expect(memory.recall(given(alice))).toBeUndefined();
    expect(memory.recall(given(mallory))?.outcome.value.claims["sub"]).toBe("mallory");
  });

  test("says what a token was verified under, and the later one counts", () => {
    const memory = createTokenMemory<{ readonly rev: number }>({ maxEntries: 10, maxCharacters: 1000 });
    const [before, after] = [{ rev: 1 }, { rev: 2 }];
    memory.remember("token", verified("alice"), before);
    expect(memory.recall("token")?.under).toBe(before);
    memory.remember("token", verified("alice"), after);
    expect(memory.recall("token")?.under).toBe(after);
    expect([memory.size, memory.characters]).toEqual([1, 5]);
  });

  test("hands out objects that no request can change for the next one", () => {
    const memory = createTokenMemory({ maxEntries: 10, maxCharacters: 1000 });
    memory.remember("token", verified("alice"), UNDER);
    const { value } = given(memory.recall("token")).outcome;
    for (const part of [value, value.header, value.claims, value.claims.aud, value.claims["nested"]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => Object.assign(value.claims, { sub: "mallory" })).toThrow(TypeError);
  });

  test("never exceeds its bounds, whatever is remembered and recalled in whatever order", () => {
    const step = fc.record({ id: fc.nat(60), length: fc.nat(40), isRecall: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(20), fc.nat(300), fc.array(step, { maxLength: 400 }), (maxEntries, maxCharacters, steps) => {
        const memory = createTokenMemory({ maxEntries: maxEntries, maxCharacters: maxCharacters });
        for (const { id, length, isRecall } of steps) {
          // Some of them end alike in more characters than the index has.
          const token = id % 4 === 0 ? `${id}:`.padEnd(length * 3, "x") : `:${id}`.padStart(length, "x");
          if (isRecall) memory.recall(token);
          else memory.remember(token, verified(token), UNDER);
          expect(memory.size).toBeLessThanOrEqual(maxEntries);
          expect(memory.characters).toBeLessThanOrEqual(maxCharacters);
          // Forgotten or its own: never another token's.
          const found = memory.recall(token)?.outcome.value.claims["sub"] ?? token;
          expect(found).toBe(token);
        }
      }),
    );
  });

  test("is bounded by characters as well as by entries", () => {
    const byCharacters = createTokenMemory({ maxEntries: 1000, maxCharacters: 100 });
    const byEntries = createTokenMemory({ maxEntries: 10, maxCharacters: 100_000 });
    for (let index = 100; index < 200; index += 1) {
      byCharacters.remember(`token-${index}.`, verified("alice"), UNDER);
      byEntries.remember(`token-${index}.`, verified("alice"), UNDER);
    }
    expect([byCharacters.characters, byCharacters.size]).toEqual([100, 10]);
    expect(byEntries.size).toBe(10);
  });

  test("counts the characters of what it holds, through promotion and eviction", () => {
    const memory = createTokenMemory({ maxEntries: 4, maxCharacters: 1000 });
    for (const token of ["aaaa", "bbbb", "cccc"]) memory.remember(token, verified(token), UNDER);
    memory.recall("aaaa");
    expect([memory.size, memory.characters]).toEqual([3, 12]);
    memory.remember("dddd", verified("d"), UNDER);
    expect([memory.size, memory.characters]).toEqual([3, 12]);
  });

  test("a token in use survives any number of others; one that is not in use goes", () => {
    const memory = createTokenMemory({ maxEntries: 100, maxCharacters: 100_000 });
    memory.remember("used", verified("used"), UNDER);
    memory.remember("unused", verified("unused"), UNDER);
    let hits = 0;
    for (let index = 0; index < 10_000; index += 1) {
      memory.remember(`other-${index}`, verified("other"), UNDER);
      if (index % 40 === 0 && memory.recall("used") !== undefined) hits += 1;
    }
    expect(hits).toBe(250);
    expect(memory.recall("unused")).toBeUndefined();
  });

  test("remembers a token once, however many requests verified it at the same time", () => {
    const memory = createTokenMemory({ maxEntries: 10, maxCharacters: 1000 });
    for (let index = 0; index < 5; index += 1) memory.remember("token", verified("alice"), UNDER);
    expect([memory.size, memory.characters]).toEqual([1, 5]);
    const small = createTokenMemory({ maxEntries: 4, maxCharacters: 1000 });
    // The third fills the young generation; the first is in the old one by then.
    for (const token of ["aaaa", "bbbb", "cccc", "aaaa"]) small.remember(token, verified(token), UNDER);
    expect([small.size, small.characters]).toEqual([3, 12]);
  });

  test("a token larger than its share is answered but not remembered; without room nothing is", () => {
    const small = createTokenMemory({ maxEntries: 10, maxCharacters: 20 });
    small.remember("x".repeat(11), verified("alice"), UNDER);
    expect(small.size).toBe(0);
    const none = createTokenMemory({ maxEntries: 0, maxCharacters: 1000 });
    none.remember("x", verified("alice"), UNDER);
    expect(none.size).toBe(0);
  });
});
