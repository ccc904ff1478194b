/** Options over environment variables, and what messages call them. */
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../issuer/cli/exit-codes.ts";
import {
  collectAudiences,
  fromEnv,
  keyVariables,
  namedBy,
  readTokenOptions,
  ringVariables,
  takeSeconds,
  TOKEN_OPTIONS,
  withOptions,
} from "../../../../issuer/cli/options.ts";
import { SealgateError } from "../../../../issuer/errors.ts";
import { testIo } from "./support.ts";

describe("an option", () => {
  const io = testIo({ env: { SEALGATE_RING: "from-env", SEALGATE_ALG: "ES256" } });

  test("wins over its variable; one that is left out does not hide it", () => {
    expect(withOptions(io, { SEALGATE_RING: "given", SEALGATE_ALG: undefined })).toEqual({
      SEALGATE_RING: "given",
      SEALGATE_ALG: "ES256",
    });
    expect(fromEnv(io, "given", "SEALGATE_RING")).toBe("given");
    expect(fromEnv(io, undefined, "SEALGATE_RING")).toBe("from-env");
    expect(fromEnv(io, undefined, "SEALGATE_ACTOR")).toBeUndefined();
  });

  test("that is empty counts as unset, and the variable does not come back", () => {
    expect(fromEnv(io, "", "SEALGATE_RING")).toBeUndefined();
    expect(fromEnv(testIo({ env: { SEALGATE_RING: "" } }), undefined, "SEALGATE_RING")).toBeUndefined();
  });

  test("is what messages name, with its variable; a variable without one stands alone", () => {
    const nameOf = namedBy(TOKEN_OPTIONS);
    expect(nameOf("SEALGATE_KEY_ID")).toBe("--key (or SEALGATE_KEY_ID)");
    expect(nameOf("SEALGATE_DEFAULT_TTL_SECONDS")).toBe("SEALGATE_DEFAULT_TTL_SECONDS");
  });

  test("of a key stands in for its variable", () => {
    expect(keyVariables({ key: "k", alg: "ES256", issuer: "https://a.example", maxTtl: "60", json: true })).toEqual({
      SEALGATE_KEY_ID: "k",
      SEALGATE_ALG: "ES256",
      SEALGATE_ISSUER: "https://a.example",
      SEALGATE_MAX_TOKEN_TTL_SECONDS: "60",
    });
  });
});

describe("--ring", () => {
  test.each([
    ["left out changes nothing", {}, undefined, {}],
    ["with a name is that ring", {}, "eu-1", { SEALGATE_KEY_ID: "", SEALGATE_RING: "eu-1" }],
    ["without one is the variable's", { SEALGATE_RING: "eu-2" }, true, { SEALGATE_KEY_ID: "", SEALGATE_RING: "eu-2" }],
    ["without one is main otherwise", { SEALGATE_RING: "" }, true, { SEALGATE_KEY_ID: "", SEALGATE_RING: "main" }],
  ] as const)("%s", (_what, env, ring, variables) => {
    expect(ringVariables(testIo({ env }), ring)).toEqual(variables);
  });
});

describe("options of a token command", () => {
  test("that are wrong are wrong usage, with the same message; a defect stays what it is", () => {
    const fault = new SealgateError("config_invalid", "--key is missing");
    const wrong = (): unknown =>
      readTokenOptions(() => {
        throw fault;
      });
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow("--key is missing");
    const defect = new TypeError("a defect");
    expect(() =>
      readTokenOptions(() => {
        throw defect;
      }),
    ).toThrow(defect);
  });

  test("are read with the names of the command line", () => {
    expect(readTokenOptions((nameOf) => nameOf("SEALGATE_ALG"))).toBe("--alg (or SEALGATE_ALG)");
  });
});

describe("--audience", () => {
  test("may be given more than once, in that order", () => {
    expect(collectAudiences("b", collectAudiences("a"))).toEqual(["a", "b"]);
    expect(collectAudiences("x".repeat(512))).toHaveLength(1);
  });

  test.each(["", "a b", "ä", "a\n", "x".repeat(513)])("is no %j", (value) => {
    expect(() => collectAudiences(value)).toThrow(UsageError);
    expect(() => collectAudiences(value)).toThrow("--audience must be 1 to 512 visible ASCII characters");
  });
});

describe("seconds of an option", () => {
  test("are a whole number, at least what the option allows", () => {
    expect(takeSeconds("--ttl", "60", 1)).toBe(60);
    expect(takeSeconds("--clock-skew", "0", 0)).toBe(0);
  });

  test.each(["0", "1.5", "1e3", "", "-1", "9999999999"])("are not %j, and the message names the option", (text) => {
    expect(() => takeSeconds("--ttl", text, 1)).toThrow(UsageError);
    expect(() => takeSeconds("--ttl", text, 1)).toThrow(/^--ttl must be a (whole )?number of seconds/);
  });
});
