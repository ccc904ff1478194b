/** Attacks by `kid`: names that are paths, queries, prototypes or other types, and names of other keys. */
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../../shared/json.ts";
import { makeKey } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forge, forgeHeader, headerFor, signWith } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";

let target: Target;
let key: TestKey;
/** The attacker's own key, of the same type. */
let own: TestKey;

beforeAll(async () => {
  target = await makeTarget(["ES256"]);
  key = target.key("ES256");
  own = await makeKey("ES256");
});

/** A token signed by the attacker. */
async function byAttacker(header: JsonObject): Promise<string> {
  return target.outcome(await forge(header, GOOD_CLAIMS, signWith(own)));
}

/** Values that are not even a name. */
const NO_NAMES: readonly (readonly [JsonValue])[] = [
  [""],
  [" "],
  ["a b"],
  ["' UNION SELECT 'AA'; --"],
  ["a\n"],
  ["a\r\nX-Admin: 1"],
  ["a\0"],
  ["a\u007f"],
  ["kïd"],
  ["\u202e"],
  ["k".repeat(513)],
  ["k".repeat(10_000)],
  [null],
  [0],
  [1],
  [true],
  [[]],
  [{}],
  [{ toString: "a" }],
];

describe("a kid", () => {
  test.each([
    "../../../../../../dev/null",
    "/dev/null",
    "..\\..\\key",
    "file:///etc/passwd",
    "https://attacker.example/key.pem",
    "key'OR'1'='1",
    "x'UNION/**/SELECT'AA",
    "$(id)",
    "`id`",
    "|id",
    "%00",
    "%2e%2e%2f",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "0",
    "null",
    "undefined",
    "NaN",
    "*",
    "k".repeat(512),
    "key-set:main",
  ])("%j is a name like any other, and unknown", async (kid) => {
    expect(await target.outcome(await forgeHeader(key, { kid }))).toBe("kid_unknown");
    expect(await byAttacker(headerFor(own, { kid }))).toBe("kid_unknown");
  });

  test.each(NO_NAMES)("%j is not even a name", async (kid) => {
    expect(await target.outcome(await forgeHeader(key, { kid }))).toBe("header_invalid");
  });

  test("of the key in another form is unknown or no name", async () => {
    const changed = [
      key.kid.toLowerCase(),
      key.kid.toUpperCase(),
      `${key.kid}=`,
      `./${key.kid}`,
      `${key.kid}%00`,
      key.kid.slice(0, -1),
    ];
    for (const kid of changed) expect(await target.outcome(await forgeHeader(key, { kid }))).toBe("kid_unknown");
    for (const kid of [[key.kid], { 0: key.kid }, `${key.kid}\0`, `${key.kid} `, ` ${key.kid}`, `${key.kid}\n`]) {
      expect(await target.outcome(await forgeHeader(key, { kid }))).toBe("header_invalid");
    }
  });

  test("of the root key is unknown: it signs key sets, not tokens", async () => {
    const { root } = target;
    expect(await target.outcome(await forge(headerFor(root), GOOD_CLAIMS, signWith(root)))).toBe("kid_unknown");
  });

  test("given twice is refused, whichever comes first", async () => {
    for (const [first, second] of [
      [own.kid, key.kid],
      [key.kid, own.kid],
      [key.kid, key.kid],
    ]) {
      const text = `{"alg":"ES256","kid":"${first}","k\\u0069d":"${second}"}`;
      for (const signer of [key, own]) {
        expect(await target.outcome(await forge(text, GOOD_CLAIMS, signWith(signer)))).toBe("header_invalid");
      }
    }
  });

  test("outside the protected header does not count", async () => {
    const token = await forge({ alg: "ES256", typ: "JWT" }, { ...GOOD_CLAIMS, kid: key.kid }, signWith(key));
    expect(await target.outcome(token)).toBe("kid_missing");
  });
});
