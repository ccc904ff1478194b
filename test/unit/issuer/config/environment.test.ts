/** Environment variables as they are read: empty means unset, and everything that is wrong is told at once. */
import { describe, expect, test } from "vitest";
import {
  createEnvironmentReader,
  parseSeconds,
  readIssuer,
  readRing,
  required,
  valueOf,
} from "../../../../issuer/config/environment.ts";
import { err, ok } from "../../../../shared/result.ts";

const refuse = (): ReturnType<typeof err<string>> => err("is wrong");

describe("a variable", () => {
  test.each([
    [{}, undefined],
    [{ NAME: undefined }, undefined],
    [{ NAME: "" }, undefined],
    [{ NAME: " " }, " "],
    [{ NAME: "0" }, "0"],
  ])("of %j is %j", (env, value) => {
    expect(valueOf(env, "NAME")).toBe(value);
    expect(createEnvironmentReader(env).text("NAME")).toBe(value);
  });

  test("is given to its parser, undefined when it is unset", () => {
    const reader = createEnvironmentReader({ NAME: "value", EMPTY: "" });
    expect(reader.read("NAME", (text) => ok(`<${text}>`))).toBe("<value>");
    expect(reader.read("EMPTY", (text) => ok(text ?? "default"))).toBe("default");
    expect(reader.hasProblems).toBe(false);
  });

  test("that is required reaches its parser only when it is there", () => {
    expect(required(refuse)(undefined)).toEqual(err("is missing"));
    expect(required(refuse, "is needed here")(undefined)).toEqual(err("is needed here"));
    expect(required(refuse)("x")).toEqual(err("is wrong"));
    expect(required((text) => ok(text.length))("abc")).toEqual(ok(3));
  });
});

describe("what is wrong", () => {
  test("is reported as a whole, in the order it was found, each problem once", () => {
    const reader = createEnvironmentReader({ B: "canary" });
    expect(reader.read("B", refuse)).toBeUndefined();
    reader.note("A", "is missing");
    reader.read("B", refuse);
    reader.note("B", "is too long");
    expect(reader.hasProblems).toBe(true);
    const fault = reader.failure();
    expect(fault.code).toBe("config_invalid");
    expect(fault.message).toBe("The configuration is not usable: B is wrong; A is missing; B is too long.");
  });

  test("is called what the caller calls the variable", () => {
    const reader = createEnvironmentReader({}, (variable) => `--${variable.toLowerCase()}`);
    reader.note("KEY", "is missing");
    expect(reader.failure().message).toContain("--key is missing");
  });
});

describe("the ring and the issuer", () => {
  test("are read, and the ring is main unless one is named", () => {
    expect(readRing(createEnvironmentReader({}))).toBe("main");
    expect(readRing(createEnvironmentReader({ SEALGATE_RING: "" }))).toBe("main");
    expect(readRing(createEnvironmentReader({ SEALGATE_RING: "eu-1" }))).toBe("eu-1");
    const url = "https://auth.example.com";
    expect(readIssuer(createEnvironmentReader({ SEALGATE_ISSUER: url }))).toBe(url);
  });

  test.each([
    [{ SEALGATE_RING: "-eu", SEALGATE_ISSUER: "" }, "SEALGATE_RING must be 1 to 63 of a-z, 0-9 and inner hyphens"],
    [{ SEALGATE_RING: "EU" }, "SEALGATE_ISSUER is missing"],
    [{ SEALGATE_ISSUER: "auth.example.com" }, "SEALGATE_ISSUER must be an absolute URL"],
  ])("of %j are refused, without showing the value", (env, problem) => {
    const reader = createEnvironmentReader(env);
    readRing(reader);
    readIssuer(reader);
    expect(reader.failure().message).toContain(problem);
    expect(reader.failure().message).not.toContain("auth.example.com");
  });
});

describe("a number of seconds", () => {
  test.each([
    ["1", 1],
    ["0060", 60],
    ["999999999", 999_999_999],
  ])("may be %s", (text, seconds) => {
    expect(parseSeconds(text)).toEqual(ok(seconds));
  });

  test.each(["", "0", "-1", "+1", "1.5", "1e3", "0x10", " 60", "60s", "١"])("is not %j", (text) => {
    expect(parseSeconds(text)).toEqual(err("must be a whole number of seconds, at least 1"));
  });

  test("has at most nine digits, and the least value that is asked for", () => {
    expect(parseSeconds("1000000000")).toEqual(err("must be a number of seconds with at most nine digits"));
    expect(parseSeconds("0", 0)).toEqual(ok(0));
    expect(parseSeconds("29", 30)).toEqual(err("must be a whole number of seconds, at least 30"));
  });
});
