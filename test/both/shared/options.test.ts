/** Options as a JavaScript caller passes them: an unknown name is refused, with the name that was meant, and no value is repeated. */
import { describe, expect, test } from "vitest";
import { refuseUnknownOptions, unknownOptionProblem } from "../../../shared/options.ts";

const KNOWN = { ttlSeconds: true, maxSockets: true, keySets: true } as const;
const HINTS = { expiresIn: "ttlSeconds", timeout: "nothing" };
const ALLOWED = "(allowed: ttlSeconds, maxSockets, keySets)";

/** What is said of options with this one name. */
function problemOf(name: string): string | undefined {
  return unknownOptionProblem({ [name]: "canary" }, KNOWN, HINTS);
}

describe("options are", () => {
  test.each([{}, { ttlSeconds: 1 }, { ttlSeconds: undefined, maxSockets: 1, keySets: null }])(
    "known: %j",
    (options) => {
      expect(unknownOptionProblem(options, KNOWN)).toBeUndefined();
      expect(() => refuseUnknownOptions("make", options, KNOWN)).not.toThrow();
    },
  );

  test.each([undefined, null, 5, "ttlSeconds", true, [], [{ ttlSeconds: 1 }], () => ({})])(
    "no options: %s",
    (options) => {
      expect(unknownOptionProblem(options, KNOWN)).toBe("must be an object");
    },
  );

  test.each(["toString", "constructor", "hasOwnProperty"])("not known for what objects inherit: %s", (name) => {
    expect(problemOf(name)).toContain(`: ${name} ${ALLOWED}`);
  });
});

describe("an unknown name", () => {
  test.each([
    ["ttl", "ttlSeconds"],
    ["TTL", "ttlSeconds"],
    ["ttl_seconds", "ttlSeconds"],
    ["ttl-secs", "ttlSeconds"],
    ["max_sockets", "maxSockets"],
    ["MAXSOCKETS", "maxSockets"],
    ["keysets", "keySets"],
    ["expiresIn", "ttlSeconds"],
    ["timeout", "nothing"],
  ])("%s comes with the one that was meant: %s", (name, meant) => {
    expect(problemOf(name)).toContain(`: ${name} (use ${meant}) ${ALLOWED}`);
  });

  test.each(["surprise", "ttlMinutes", "tt", "sockets"])("%s is near to nothing", (name) => {
    expect(problemOf(name)).toBe(`must not have members that mean nothing here: ${name} ${ALLOWED}`);
  });

  test.each(["a b", "", "é", "a\nb", "x".repeat(41), "eyJhbGciOiJFUzI1NiJ9.e30.AA"])("%j is not repeated", (name) => {
    const problem = problemOf(name);
    expect(problem).toBe(`must not have members that mean nothing here: one that is no plain word ${ALLOWED}`);
  });

  test("of 40 characters is", () => {
    expect(problemOf("x".repeat(40))).toContain("x".repeat(40));
  });

  test("is named with every other, and without any value", () => {
    const problem = unknownOptionProblem({ ttl: "canary", keySets: "canary", surprise: "canary" }, KNOWN);
    expect(problem).toContain(": ttl (use ttlSeconds), surprise (allowed");
    expect(problem).not.toContain("canary");
  });

  test("is a TypeError that begins with the function", () => {
    const refused = (): void => refuseUnknownOptions("make", { timeout: 1 }, KNOWN, HINTS);
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(/^make: the options must not have .*: timeout \(use nothing\)/);
  });
});
