/** The memory of used assertions: the second use is seen as long as it counts, and nothing is forgotten to make room. */
import { describe, expect, test } from "vitest";
import { createReplayMemory } from "../../../shared/replay-memory.ts";

describe("an identifier", () => {
  test("is used once until its end, and anew from then on", () => {
    const memory = createReplayMemory(10);
    expect(memory.use("a", 10, 0)).toBe("first");
    expect(memory.use("a", 10, 9.999)).toBe("again");
    expect(memory.use("a", 20, 10)).toBe("first");
    expect(memory.use("a", 20, 10)).toBe("again");
  });

  test("that was seen again keeps the end of its first use", () => {
    const memory = createReplayMemory(10);
    memory.use("a", 10, 0);
    expect(memory.use("a", 1000, 5)).toBe("again");
    expect(memory.use("a", 20, 10)).toBe("first");
  });

  test("that inherits a meaning from objects is one as any other", () => {
    const memory = createReplayMemory(10);
    for (const id of ["__proto__", "constructor", ""]) {
      expect([memory.use(id, 10, 0), memory.use(id, 10, 0)]).toEqual(["first", "again"]);
    }
  });

  test("behind one that ends later is remembered at least as long as it counts", () => {
    const memory = createReplayMemory(10);
    memory.use("late", 100, 0);
    memory.use("early", 10, 0);
    expect(memory.use("early", 10, 9)).toBe("again");
    expect(memory.use("late", 100, 99)).toBe("again");
  });
});

describe("a memory", () => {
  test("that is full accepts nothing new until something has expired", () => {
    const memory = createReplayMemory(2);
    expect(memory.use("a", 10, 0)).toBe("first");
    expect(memory.use("b", 20, 0)).toBe("first");
    expect(memory.use("c", 30, 9)).toBe("full");
    expect(memory.use("a", 10, 9)).toBe("again");
    expect(memory.use("c", 30, 10)).toBe("first");
    expect(memory.use("b", 20, 10)).toBe("again");
  });

  test.each([Number.NaN, Infinity, -Infinity])("is asked with no time that is %d", (time) => {
    const memory = createReplayMemory(2);
    memory.use("a", 10, 0);
    expect(() => memory.use("b", time, 0)).toThrow(TypeError);
    expect(() => memory.use("b", 10, time)).toThrow(TypeError);
    expect(memory.use("a", 10, 0)).toBe("again");
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53])("of %d entries is refused", (maxEntries) => {
    expect(() => createReplayMemory(maxEntries)).toThrow(TypeError);
  });
});
