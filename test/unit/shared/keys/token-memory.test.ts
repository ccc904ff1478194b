/** The memory of verified tokens: nothing but what was remembered, bound to its key set, never beyond its bounds. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenMemory } from "../../../../shared/keys/token-memory.ts";
import type { TokenMemory } from "../../../../shared/keys/token-memory.ts";
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

/** A memory that is bound already, as it is after the first look-up. */
function boundMemory(maxEntries: number, maxCharacters: number, binding: object): TokenMemory {
  const memory = createTokenMemory({ maxEntries, maxCharacters });
  memory.recall("first", binding);
  return memory;
}

describe("token memory", () => {
  test("gives back exactly what was remembered, with its window, and nothing for another token", () => {
    const binding = {};
    const memory = boundMemory(10, 1000, binding);
    const token = verified("alice");
    memory.remember("token-a", token, binding);
    const remembered = given(memory.recall("token-a", binding));
    expect(remembered.outcome).toEqual({ ok: true, value: token });
    expect(remembered.window).toEqual({ expiresAt: EXP, notBefore: 1_800_000_000 });
    expect(memory.recall("token-b", binding)).toBeUndefined();
    expect(memory.recall("token-a ", binding)).toBeUndefined();
  });

  test("tokens that end alike are told apart by the rest, and never take each other's place in an answer", () => {
    const binding = {};
    const memory = boundMemory(10, 1000, binding);
    const [alice, mallory] = ["alice", "mallory"].map((name) => `${name}.${"s".repeat(86)}`);
    memory.remember(given(alice), verified("alice"), binding);
    expect(memory.recall(given(mallory), binding)).toBeUndefined();
    memory.remember(given(mallory), verified("mallory"), binding);
    expect(memory.recall(given(alice), binding)).toBeUndefined();
    expect(memory.recall(given(mallory), binding)?.outcome.value.claims["sub"]).toBe("mallory");
    expect([memory.size, memory.characters]).toEqual([1, 94]);
    // The same after the token has become old.
    memory.remember("x", verified("x"), binding);
    for (let index = 0; index < 5; index += 1) memory.remember(`other-${index}`, verified("other"), binding);
    expect(memory.recall(given(alice), binding)).toBeUndefined();
    expect(memory.recall(given(mallory), binding)?.outcome.value.claims["sub"]).toBe("mallory");
  });

  test("forgets everything when what it is bound to is replaced, even by an equal object", () => {
    const memory = boundMemory(10, 1000, {});
    const first = { rev: 1 };
    memory.recall("x", first);
    memory.remember("token", verified("alice"), first);
    expect(memory.recall("token", { rev: 1 })).toBeUndefined();
    expect([memory.size, memory.characters]).toEqual([0, 0]);
    expect(memory.recall("token", first)).toBeUndefined();
  });

  test("does not remember what was verified under a binding that has been replaced meanwhile", () => {
    const [before, after] = [{}, {}];
    const memory = boundMemory(10, 1000, before);
    memory.recall("token", after);
    expect(memory.remember("token", verified("alice"), before).outcome.ok).toBe(true);
    expect(memory.size).toBe(0);
  });

  test("hands out objects that no request can change for the next one", () => {
    const binding = {};
    const memory = boundMemory(10, 1000, binding);
    memory.remember("token", verified("alice"), binding);
    const { value } = given(memory.recall("token", binding)).outcome;
    for (const part of [value, value.header, value.claims, value.claims.aud, value.claims["nested"]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => Object.assign(value.claims, { sub: "mallory" })).toThrow(TypeError);
  });

  test("never exceeds its bounds, whatever is remembered and recalled in whatever order", () => {
    const step = fc.record({ id: fc.nat(60), length: fc.nat(40), isRecall: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(20), fc.nat(300), fc.array(step, { maxLength: 400 }), (maxEntries, maxCharacters, steps) => {
        const binding = {};
        const memory = boundMemory(maxEntries, maxCharacters, binding);
        for (const { id, length, isRecall } of steps) {
          // Some of them end alike in more characters than the index has.
          const token = id % 4 === 0 ? `${id}:`.padEnd(length * 3, "x") : `:${id}`.padStart(length, "x");
          if (isRecall) memory.recall(token, binding);
          else memory.remember(token, verified(token), binding);
          expect(memory.size).toBeLessThanOrEqual(maxEntries);
          expect(memory.characters).toBeLessThanOrEqual(maxCharacters);
          // Forgotten or its own: never another token's.
          const found = memory.recall(token, binding)?.outcome.value.claims["sub"] ?? token;
          expect(found).toBe(token);
        }
      }),
    );
  });

  test("is bounded by characters as well as by entries", () => {
    const binding = {};
    const byCharacters = boundMemory(1000, 100, binding);
    const byEntries = boundMemory(10, 100_000, binding);
    for (let index = 100; index < 200; index += 1) {
      byCharacters.remember(`token-${index}.`, verified("alice"), binding);
      byEntries.remember(`token-${index}.`, verified("alice"), binding);
    }
    expect([byCharacters.characters, byCharacters.size]).toEqual([100, 10]);
    expect(byEntries.size).toBe(10);
  });

  test("counts the characters of what it holds, through promotion and eviction", () => {
    const binding = {};
    const memory = boundMemory(4, 1000, binding);
    for (const token of ["aaaa", "bbbb", "cccc"]) memory.remember(token, verified(token), binding);
    memory.recall("aaaa", binding);
    expect([memory.size, memory.characters]).toEqual([3, 12]);
    memory.remember("dddd", verified("d"), binding);
    expect([memory.size, memory.characters]).toEqual([3, 12]);
  });

  test("a token in use survives any number of others; one that is not in use goes", () => {
    const binding = {};
    const memory = boundMemory(100, 100_000, binding);
    memory.remember("used", verified("used"), binding);
    memory.remember("unused", verified("unused"), binding);
    let hits = 0;
    for (let index = 0; index < 10_000; index += 1) {
      memory.remember(`other-${index}`, verified("other"), binding);
      if (index % 40 === 0 && memory.recall("used", binding) !== undefined) hits += 1;
    }
    expect(hits).toBe(250);
    expect(memory.recall("unused", binding)).toBeUndefined();
  });

  test("remembers a token once, however many requests verified it at the same time", () => {
    const binding = {};
    const memory = boundMemory(10, 1000, binding);
    for (let index = 0; index < 5; index += 1) memory.remember("token", verified("alice"), binding);
    expect([memory.size, memory.characters]).toEqual([1, 5]);
    const small = boundMemory(4, 1000, binding);
    // The third fills the young generation; the first is in the old one by then.
    for (const token of ["aaaa", "bbbb", "cccc", "aaaa"]) small.remember(token, verified(token), binding);
    expect([small.size, small.characters]).toEqual([3, 12]);
  });

  test("a token larger than its share is answered but not remembered; without room nothing is", () => {
    const binding = {};
    const small = boundMemory(10, 20, binding);
    small.remember("x".repeat(11), verified("alice"), binding);
    expect(small.size).toBe(0);
    const none = boundMemory(0, 1000, binding);
    none.remember("x", verified("alice"), binding);
    expect(none.size).toBe(0);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("a bound of %s is a mistake of the program", (bound) => {
    expect(() => createTokenMemory({ maxEntries: bound, maxCharacters: 1 })).toThrow(TypeError);
    expect(() => createTokenMemory({ maxEntries: 1, maxCharacters: bound })).toThrow(TypeError);
  });
});
