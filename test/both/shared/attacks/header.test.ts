/** Attacks by the protected header: keys brought along, crit, b64 and typ. */
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../../shared/json.ts";
import { serialiseJwk } from "../../../../shared/key-set.ts";
import { makeKey } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forge, forgeHeader, headerFor, publicSpki, segment, signWith } from "../../../support/forge.ts";
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

/** A token signed by the attacker, under a header that points to the attacker's key. */
async function byAttacker(header: JsonObject): Promise<string> {
  return target.outcome(await forge(header, GOOD_CLAIMS, signWith(own)));
}

describe("a key brought along", () => {
  const members: [string, () => JsonValue | Promise<JsonValue>][] = [
    ["jwk", () => serialiseJwk(own.jwk, own.kid)],
    ["jwk", () => serialiseJwk(own.jwk, key.kid)],
    ["jku", () => "https://attacker.example/jwks.json"],
    ["jku", () => "https://auth.example.com@attacker.example/jwks.json"],
    ["x5u", () => "https://attacker.example/chain.pem"],
    ["x5c", async () => [btoa(String.fromCharCode(...(await publicSpki(own))))]],
    ["x5t#S256", () => own.kid],
    ["keys", () => [serialiseJwk(own.jwk, own.kid)]],
    ["key", () => "-----BEGIN PUBLIC KEY-----"],
  ];

  test.each(members)("as %s is not looked at: the key comes from the key set alone", async (member, value) => {
    const brought = { [member]: await value() };
    expect(await byAttacker(headerFor(key, brought))).toBe("signature_invalid");
    expect(await byAttacker(headerFor(own, brought))).toBe("kid_unknown");
    expect(await byAttacker(headerFor(own, { ...brought, kid: undefined }))).toBe("kid_missing");
    expect(await target.outcome(await forgeHeader(key, brought))).toBe("accepted");
  });
});

describe("crit and b64", () => {
  test.each([
    [["exp"]],
    [["b64"]],
    [["alg"]],
    [["http://example.invalid/UNDEFINED"]],
    [[]],
    [["exp", "exp"]],
    [[1]],
    ["exp"],
    [""],
    [null],
    [{}],
    [0],
    [false],
  ])("crit %j is refused: no extension is implemented", async (crit) => {
    const extension = { exp: 1, "http://example.invalid/UNDEFINED": true };
    expect(await target.outcome(await forgeHeader(key, { ...extension, crit }))).toBe("header_critical");
  });

  test("an unencoded payload (RFC 7797) is refused, announced or not", async () => {
    const payload = JSON.stringify(GOOD_CLAIMS).replaceAll(".", "");
    for (const [header, code] of [
      [headerFor(key, { b64: false, crit: ["b64"] }), "header_critical"],
      [headerFor(key, { b64: false }), "header_invalid"],
      [headerFor(key, { b64: true }), "header_invalid"],
    ] as const) {
      expect(await target.outcome(await forge(header, GOOD_CLAIMS, signWith(key)))).toBe(code);
      expect(await target.outcome(`${segment(header)}.${payload}.AAAA`)).toBe("token_malformed");
    }
  });

  test("zip, cty, enc and the rest of JWE change nothing", async () => {
    for (const changes of [{ zip: "DEF" }, { cty: "JWT" }, { enc: "A256GCM" }, { epk: {} }, { p2c: 1_000_000_000 }]) {
      expect(await target.outcome(await forgeHeader(key, changes))).toBe("accepted");
    }
  });
});

describe("a token made for something else", () => {
  test.each([
    "jwk-set+jwt",
    "JWK-SET+JWT",
    "application/jwk-set+jwt",
    "logout+jwt",
    "id_token",
    "dpop+jwt",
    "secevent+jwt",
    "entity-statement+jwt",
    "statuslist+jwt",
    "token-introspection+jwt",
    "oauth-authz-req+jwt",
    "client-authentication+jwt",
    "vc+sd-jwt",
    "dc+sd-jwt",
    "wallet-attestation+jwt",
    "kb+jwt",
    "JOSE",
    "JOSE+JSON",
    "JWE",
    "",
    " ",
    "JWT ",
    " JWT",
    "JWT\0",
    "JWT,at+jwt",
    "text/jwt",
    "application/application/jwt",
    "APPLİCATİON/JWT",
    "application/jwt;charset=utf-8",
    "jwt+json",
    "at+jwt+x",
    "at jwt",
  ])("with typ %j is refused although its signature and claims are good", async (typ) => {
    expect(await target.outcome(await forgeHeader(key, { typ }))).toBe("typ_not_allowed");
  });

  test.each([[null], [1], [true], [["JWT"]], [["at+jwt"]], [{}]])("with typ %j is refused", async (typ) => {
    expect(await target.outcome(await forgeHeader(key, { typ }))).toBe("header_invalid");
  });

  test("with two typ is refused", async () => {
    const text = `{"alg":"ES256","kid":"${key.kid}","typ":"logout+jwt","typ":"JWT"}`;
    expect(await target.outcome(await forge(text, GOOD_CLAIMS, signWith(key)))).toBe("header_invalid");
  });
});
