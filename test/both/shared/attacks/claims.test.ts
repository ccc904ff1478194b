/** Attacks by claims of the wrong type or size, in tokens whose signature is good. */
import { beforeAll, describe, expect, test } from "vitest";
import type { TestKey } from "../../../support/key-sets.ts";
import { GOOD_CLAIMS, NOW } from "../../../support/claims-samples.ts";
import { forgePayload } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";

let target: Target;
let key: TestKey;

beforeAll(async () => {
  target = await makeTarget(["EdDSA"]);
  key = target.key("EdDSA");
});

/** Good claims, with one claim written as the given JSON text, so that numbers may look as they like. */
async function withClaim(claim: string, json: string | undefined): Promise<string> {
  const { [claim]: _left, ...others }: { [claim: string]: unknown } = GOOD_CLAIMS;
  const rest = JSON.stringify(others).slice(1, -1);
  return target.outcome(await forgePayload(key, json === undefined ? `{${rest}}` : `{${rest},"${claim}":${json}}`));
}

/** JSON texts that are no NumericDate, however often somebody has compared them with one. */
const NO_TIMES = [
  '"1800000600"',
  '"9999999999"',
  '"Infinity"',
  '"NaN"',
  '""',
  '"never"',
  "null",
  "true",
  "false",
  "[]",
  "[1800000600]",
  "{}",
  '{"valueOf":1800000600}',
  "1e999",
  "-1e999",
  "1e400",
  "-1",
  "-0.5",
  "8640000000001",
  "1e18",
  "9007199254740993e5",
];

describe("exp", () => {
  test.each(NO_TIMES)("as %s is refused", async (json) => {
    expect(await withClaim("exp", json)).toBe("claim_invalid");
  });

  test("left out, or under another name, is refused", async () => {
    expect(await withClaim("exp", undefined)).toBe("claim_missing");
    for (const name of ["EXP", "Exp", "exp ", "expires", "__proto__"]) {
      const { exp, ...others } = GOOD_CLAIMS;
      expect(await target.outcome(await forgePayload(key, { ...others, [name]: exp }))).toBe("claim_missing");
    }
    const inherited = `{"iss":"https://auth.example.com","aud":"orders","__proto__":{"exp":${NOW + 600}}}`;
    expect(await target.outcome(await forgePayload(key, inherited))).toBe("claim_missing");
  });

  test.each([
    ["in milliseconds", `${NOW}000`, "token_lifetime_too_long"],
    ["as late as a date can be", "8640000000000", "token_lifetime_too_long"],
    ["a century ahead", `${NOW + 3_155_760_000}`, "token_lifetime_too_long"],
    ["zero", "0", "token_expired"],
    ["minus zero", "-0", "token_expired"],
    ["tiny", "1e-400", "token_expired"],
    ["just over", `${NOW - 60}`, "token_expired"],
    ["in exponent form, over", "1.79999994e9", "token_expired"],
    ["in exponent form, to come", "1.8000006e9", "accepted"],
    ["with a fraction, to come", `${NOW - 60}.001`, "accepted"],
  ])("%s: %s, %s", async (_name, json, code) => {
    expect(await withClaim("exp", json)).toBe(code);
  });
});

describe.each(["nbf", "iat"] as const)("%s", (claim) => {
  test.each(NO_TIMES)("as %s is refused", async (json) => {
    expect(await withClaim(claim, json)).toBe("claim_invalid");
  });

  test("in milliseconds, or in the future, is refused", async () => {
    const code = claim === "nbf" ? "token_not_yet_valid" : "token_issued_in_future";
    expect(await withClaim(claim, `${NOW}000`)).toBe(code);
    expect(await withClaim(claim, "8640000000000")).toBe(code);
    expect(await withClaim(claim, `${NOW + 60}.5`)).toBe(code);
  });

  test("may be left out", async () => {
    expect(await withClaim(claim, undefined)).toBe("accepted");
  });
});

test("an iat long ago does not buy a longer life", async () => {
  expect(await withClaim("iat", "0")).toBe("token_lifetime_too_long");
  expect(await withClaim("iat", `${NOW - 3001}`)).toBe("token_lifetime_too_long");
  expect(await withClaim("iat", `${NOW - 3000}`)).toBe("accepted");
});

describe("aud", () => {
  test.each([
    "null",
    "true",
    "1",
    "{}",
    "[]",
    '{"orders":true}',
    '{"0":"orders","length":1}',
    '[["orders"]]',
    '["orders",1]',
    '["orders",null]',
    '[null,"orders"]',
    '[{"aud":"orders"}]',
  ])("as %s is refused", async (json) => {
    expect(await withClaim("aud", json)).toBe("claim_invalid");
  });

  test.each([
    '""',
    '" "',
    '"*"',
    '"Orders"',
    '"orders "',
    '" orders"',
    '"orders\\u0000"',
    '"orders,reports"',
    '"orders reports"',
    '"orde"',
    '"ordersx"',
    '"https://orders"',
    '[""]',
    '["orders,reports"]',
    '["Orders"]',
    '["*"]',
    '"оrders"',
    '"__proto__"',
    '["constructor"]',
    '"0"',
    '"length"',
  ])("as %s names nobody here", async (json) => {
    expect(await withClaim("aud", json)).toBe("audience_mismatch");
  });

  test("left out is refused", async () => {
    expect(await withClaim("aud", undefined)).toBe("claim_missing");
  });

  test("spelt with escapes is the same audience", async () => {
    expect(await withClaim("aud", '"\\u006frders"')).toBe("accepted");
  });
});

describe("iss", () => {
  test.each(["null", "true", "1", "{}", "[]", '["https://auth.example.com"]', '{"0":"https://auth.example.com"}'])(
    "as %s is refused",
    async (json) => {
      expect(await withClaim("iss", json)).toBe("claim_invalid");
    },
  );

  test.each([
    '""',
    '"https://auth.example.com/"',
    '"https://auth.example.com/."',
    '"https://AUTH.EXAMPLE.COM"',
    '"HTTPS://auth.example.com"',
    '"https://auth.example.com:443"',
    '"https://auth.example.com\\u0000"',
    '"https://auth.example.com "',
    '"https://auth.example.com#"',
    '"https://auth.example.com@attacker.example"',
    '"https://auth.example.com.attacker.example"',
    '"https://auth.exаmple.com"',
    '"//auth.example.com"',
  ])("as %s is another issuer", async (json) => {
    expect(await withClaim("iss", json)).toBe("issuer_mismatch");
  });

  test("left out is refused", async () => {
    expect(await withClaim("iss", undefined)).toBe("claim_missing");
  });
});

describe.each(["sub", "jti"])("%s", (claim) => {
  test.each(["null", "0", "1", "true", "[]", '["user-1"]', "{}"])("as %s is refused", async (json) => {
    expect(await withClaim(claim, json)).toBe("claim_invalid");
  });
});
