/** Attacks by the JSON of a token: texts that two parsers read differently, sheer size, and depth. */
import { beforeAll, describe, expect, test } from "vitest";
import type { TestKey } from "../../../support/key-sets.ts";
import { utf8 } from "../../../support/values.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forge, forgePayload, goodToken, headerFor, signWith } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";

let target: Target;
let key: TestKey;
let token: string;

beforeAll(async () => {
  target = await makeTarget(["ES256"]);
  key = target.key("ES256");
  token = await goodToken(key);
});

describe("JSON that two parsers read differently", () => {
  const good = JSON.stringify(GOOD_CLAIMS).slice(1, -1);

  test.each([
    ["a claim given twice", `{${good},"sub":"admin"}`],
    ["a claim given twice, once escaped", `{${good},"s\\u0075b":"admin"}`],
    ["a claim given twice, deep inside", `{${good},"act":{"sub":"a","sub":"admin"}}`],
    ["exp given twice", `{"exp":99999999999,${good}}`],
    ["__proto__ given twice", `{${good},"__proto__":1,"__proto__":2}`],
    ["a byte order mark", `\ufeff{${good}}`],
    ["a second value", `{${good}}{}`],
    ["trailing text", `{${good}} x`],
    ["a trailing NUL", `{${good}}\0`],
    ["a trailing comma", `{${good},}`],
    ["a comment", `{/* */${good}}`],
    ["single quotes", `{${good},'a':1}`],
    ["a name without quotes", `{${good},a:1}`],
    ["NaN", `{${good},"a":NaN}`],
    ["Infinity", `{${good},"a":Infinity}`],
    ["a hexadecimal number", `{${good},"a":0x10}`],
    ["a leading zero", `{${good},"a":010}`],
    ["a line break in a string", `{${good},"a":"\n"}`],
    ["an array around it", `[{${good}}]`],
    ["quotes around it", JSON.stringify(`{${good}}`)],
    ["null", "null"],
    ["nothing but white space", " \n"],
    ["another token in it", "eyJhbGciOiJub25lIn0.e30."],
  ])("%s: refused although it is signed", async (_name, payload) => {
    expect(await target.outcome(await forgePayload(key, payload))).toBe("claims_invalid");
  });

  test("octets that are not UTF-8 are refused although they are signed", async () => {
    for (const octets of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0xe2, 0x82]]) {
      const payload = Uint8Array.of(...utf8(`{${good},"a":"`), ...octets, ...utf8('"}'));
      expect(await target.outcome(await forgePayload(key, payload))).toBe("claims_invalid");
    }
    expect(await target.outcome(await forgePayload(key, Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0)))).toBe(
      "claims_invalid",
    );
  });

  test("white space around a good object is no ambiguity", async () => {
    expect(await target.outcome(await forgePayload(key, ` \r\n\t{ ${good} }\n`))).toBe("accepted");
  });
});

describe("size and depth", () => {
  test("a token over the limit is refused before it is looked at", async () => {
    for (const text of [
      "a".repeat(16_385),
      ".".repeat(1_000_000),
      "é".repeat(16_385),
      `${token}${"A".repeat(16_384)}`,
    ]) {
      expect(await target.outcome(text)).toBe("token_too_large");
    }
    expect(await target.outcome(await goodToken(key, { pad: "x".repeat(16_384) }))).toBe("token_too_large");
    expect(await target.outcome(await goodToken(key, { pad: "x".repeat(11_000) }))).toBe("accepted");
  });

  test("deep nesting is refused in header and payload, and cannot exhaust the stack", async () => {
    for (const depth of [33, 1000, 5000]) {
      const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      const header = JSON.stringify(headerFor(key)).replace("{", `{"a":${nested},`);
      const roomy = { maxTokenBytes: 1_000_000 };
      expect(await target.outcome(await forge(header, GOOD_CLAIMS, signWith(key)), roomy)).toBe("header_invalid");
      const payload = JSON.stringify(GOOD_CLAIMS).replace("{", `{"a":${nested},`);
      expect(await target.outcome(await forgePayload(key, payload), roomy)).toBe("claims_invalid");
      const open = `{"a":${"[".repeat(depth)}`;
      expect(await target.outcome(await forgePayload(key, open), roomy)).toBe("claims_invalid");
    }
  });
});
