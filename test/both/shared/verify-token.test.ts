/** Verification of a token end to end: acceptance for each algorithm, every rejection, and the order of the checks. */
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../../shared/algorithms.ts";
import type { TokenRejection, TokenRejectionCode } from "../../../shared/rejection.ts";
import { DEFAULT_MAX_TOKEN_BYTES, normaliseTyp } from "../../../shared/verify-token.ts";
import { makeKey, seconds } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";
import { errorOf, valueOf } from "../../support/values.ts";
import { GOOD_CLAIMS, NOW } from "../../support/claims-samples.ts";
import {
  forge,
  forgeHeader,
  forgePayload,
  forgeSignature,
  goodToken,
  headerFor,
  segment,
  signWith,
} from "../../support/forge.ts";
import { makeTarget, targetFor } from "../../support/target.ts";
import type { Target } from "../../support/target.ts";

let target: Target;
let key: TestKey;
let revoked: TestKey;

beforeAll(async () => {
  revoked = await makeKey("ES256");
  key = await makeKey("ES256");
  target = await targetFor([key, revoked], { revoked: [{ kid: revoked.kid, at: NOW }] });
});

describe("a good token", () => {
  test.each(ALGS)("for %s is accepted, with its claims and header", async (alg) => {
    const own = await makeTarget([alg]);
    const token = await goodToken(own.key(alg), { scope: "read" });
    expect(valueOf(await own.verify(token))).toEqual({
      header: { alg, kid: own.key(alg).kid, typ: "jwt" },
      claims: { ...GOOD_CLAIMS, scope: "read" },
    });
  });

  test("with the header alg Ed25519 is accepted for a key bound to EdDSA", async () => {
    const own = await makeTarget(["EdDSA"]);
    const token = await forgeHeader(own.key("EdDSA"), { alg: "Ed25519" });
    expect(valueOf(await own.verify(token)).header.alg).toBe("EdDSA");
  });

  test.each([
    ["JWT", "jwt"],
    ["jwt", "jwt"],
    ["application/jwt", "jwt"],
    ["at+jwt", "at+jwt"],
    ["AT+JWT", "at+jwt"],
    ["Application/AT+jwt", "at+jwt"],
    [undefined, undefined],
  ])("may have typ %j", async (typ, normal) => {
    expect(valueOf(await target.verify(await forgeHeader(key, { typ }))).header.typ).toBe(normal);
  });

  test("of exactly the permitted size is accepted", async () => {
    const token = await goodToken(key);
    expect(await target.outcome(token, { maxTokenBytes: token.length })).toBe("accepted");
    expect(await target.outcome(token, { maxTokenBytes: token.length - 1 })).toBe("token_too_large");
    expect(DEFAULT_MAX_TOKEN_BYTES).toBe(16_384);
  });
});

/** One token for each code; the type makes this table fail to compile when a code of the union has no case. Lists are not read here. */
const REJECTED: {
  readonly [Code in Exclude<TokenRejectionCode, "token_revoked">]: {
    readonly token: () => string | Promise<string>;
    readonly evidence: Omit<Extract<TokenRejection, { code: Code }>, "code">;
  };
} = {
  token_too_large: { token: () => "a".repeat(16_385), evidence: { bytes: 16_385, maxBytes: 16_384 } },
  token_malformed: { token: () => "e30.e30", evidence: { part: "segments" } },
  header_invalid: { token: () => forge("[]", GOOD_CLAIMS, signWith(key)), evidence: { reason: "not_an_object" } },
  header_critical: { token: () => forgeHeader(key, { crit: ["exp"] }), evidence: {} },
  alg_not_allowed: { token: () => forgeHeader(key, { alg: "HS256" }), evidence: {} },
  typ_not_allowed: { token: () => forgeHeader(key, { typ: "logout+jwt" }), evidence: {} },
  kid_missing: { token: () => forgeHeader(key, { kid: undefined }), evidence: {} },
  kid_unknown: { token: () => forgeHeader(key, { kid: "unknown" }), evidence: { kid: "unknown" } },
  kid_revoked: { token: () => goodToken(revoked), evidence: {} },
  alg_mismatch: { token: () => forgeHeader(key, { alg: "ES384" }), evidence: {} },
  signature_invalid: { token: () => forgeSignature(key, () => new Uint8Array(64)), evidence: {} },
  claims_invalid: { token: () => forgePayload(key, "{"), evidence: { reason: "syntax" } },
  claim_missing: { token: () => goodToken(key, { exp: undefined }), evidence: { claim: "exp" } },
  claim_invalid: { token: () => goodToken(key, { exp: "1" }), evidence: { claim: "exp" } },
  issuer_mismatch: {
    token: () => goodToken(key, { iss: "https://attacker.example" }),
    evidence: { iss: "https://attacker.example" },
  },
  audience_mismatch: { token: () => goodToken(key, { aud: "elsewhere" }), evidence: { aud: ["elsewhere"] } },
  token_expired: { token: () => goodToken(key, { exp: NOW - 60 }), evidence: { expiredForSeconds: 60 } },
  token_not_yet_valid: { token: () => goodToken(key, { nbf: NOW + 61 }), evidence: { validInSeconds: 61 } },
  token_issued_in_future: { token: () => goodToken(key, { iat: NOW + 61 }), evidence: { aheadSeconds: 61 } },
  token_lifetime_too_long: {
    token: () => goodToken(key, { exp: NOW + 3591 }),
    evidence: { lifetimeSeconds: 3601, maxSeconds: 3600 },
  },
};

/** Whose evidence is that of a token whose signature has held. */
const SIGNED_BY_KNOWN: ReadonlySet<string> = new Set(["issuer_mismatch", "audience_mismatch"]);

describe("every rejection", () => {
  test("holds the beginning only of what can be long, and nothing of claims before the signature has held", async () => {
    const long = "a".repeat(1000);
    const excerpts = [
      [{ iss: long }, { iss: `${"a".repeat(127)}…` }],
      [{ aud: [long, "b", "c", "d", "e"] }, { aud: [`${"a".repeat(127)}…`, "b", "c", "d"] }],
    ] as const;
    for (const [claims, evidence] of excerpts) {
      expect(errorOf(await target.verify(await goodToken(key, claims)))).toMatchObject(evidence);
      const forged = await forge(headerFor(key), { ...GOOD_CLAIMS, ...claims }, () => new Uint8Array(64).fill(1));
      expect(errorOf(await target.verify(forged))).toEqual({ code: "signature_invalid" });
    }
  });

  test.each(Object.entries(REJECTED))("%s is reached, with its evidence", async (code, { token, evidence }) => {
    const signed = SIGNED_BY_KNOWN.has(code) ? { kid: key.kid } : {};
    expect(errorOf(await target.verify(await token()))).toEqual({ code, ...evidence, ...signed });
  });

  test("holds no part of the token, of its claims or of a key, but for what names its issuer and service", async () => {
    for (const [code, { token }] of Object.entries(REJECTED)) {
      if (code === "kid_unknown" || SIGNED_BY_KNOWN.has(code)) continue;
      const text = JSON.stringify(errorOf(await target.verify(await token())));
      for (const secret of [key.kid, revoked.kid, "attacker", "elsewhere", "user-1", "logout", "HS256", 'unknown"']) {
        expect(text.replace(/"code":"[a-z_]+"/, "")).not.toContain(secret);
      }
    }
  });
});

describe("the order of the checks", () => {
  const badClaims = { ...GOOD_CLAIMS, iss: "https://attacker.example", exp: 0 };
  const badSignature = (): Uint8Array => new Uint8Array(64).fill(1);

  test("each defect hides those that come after it", async () => {
    const big = "a".repeat(16_385);
    const steps: [TokenRejectionCode, string][] = [
      ["token_too_large", big],
      ["token_malformed", `${segment("[]")}.e30.`],
      ["header_invalid", await forge('{"alg":"none","alg":"none","crit":[]}', badClaims, badSignature)],
      ["header_critical", await forge({ crit: [], b64: false, alg: "none", typ: 1 }, badClaims, badSignature)],
      ["header_invalid", await forge({ b64: false, alg: "none", typ: 1 }, badClaims, badSignature)],
      ["alg_not_allowed", await forge({ alg: "none", typ: 1 }, badClaims, badSignature)],
      ["kid_missing", await forge({ alg: "ES256", typ: 1 }, badClaims, badSignature)],
      ["header_invalid", await forge({ alg: "ES256", typ: 1, kid: "unknown" }, badClaims, badSignature)],
      ["typ_not_allowed", await forge({ alg: "ES256", typ: "x", kid: "unknown" }, badClaims, badSignature)],
      ["kid_unknown", await forge({ alg: "ES384", typ: "JWT", kid: "unknown" }, badClaims, badSignature)],
      ["kid_revoked", await forge({ alg: "ES384", typ: "JWT", kid: revoked.kid }, badClaims, badSignature)],
      ["alg_mismatch", await forge(headerFor(key, { alg: "ES384" }), badClaims, badSignature)],
      ["signature_invalid", await forge(headerFor(key), badClaims, badSignature)],
      ["signature_invalid", await forge(headerFor(key), "not json", badSignature)],
      ["signature_invalid", await forge(headerFor(key), "", badSignature)],
      ["claims_invalid", await forgePayload(key, '{"iss":1,"iss":2}')],
      ["claims_invalid", await forgePayload(key, "")],
      ["issuer_mismatch", await forgePayload(key, badClaims)],
    ];
    for (const [code, token] of steps) expect(await target.outcome(token)).toBe(code);
  });

  test("an alg left out of the rules is refused before typ and kid are looked at", async () => {
    const token = await forgeHeader(key, { typ: "x", kid: "unknown" });
    expect(await target.outcome(token, { algs: new Set(["RS256"]) })).toBe("alg_not_allowed");
    expect(await target.outcome(await goodToken(key), { algs: new Set() })).toBe("alg_not_allowed");
  });
});

describe("a token that was accepted before", () => {
  test("is judged again by the rules, the keys and the time of each call", async () => {
    const token = await goodToken(key);
    const gone = await targetFor([revoked]);
    const withdrawn = await targetFor([key], { revoked: [{ kid: key.kid, at: NOW }] });
    for (let round = 0; round < 2; round += 1) {
      expect(await target.outcome(token)).toBe("accepted");
      expect(await target.outcome(token, { algs: new Set(["RS256"]) })).toBe("alg_not_allowed");
      expect(await target.outcome(token, { typs: new Set(["at+jwt"]) })).toBe("typ_not_allowed");
      expect(await target.outcome(token, { audiences: [] })).toBe("audience_mismatch");
      expect(errorOf(await target.verify(token, {}, seconds(NOW + 660))).code).toBe("token_expired");
      expect(await gone.outcome(token)).toBe("kid_unknown");
      expect(await withdrawn.outcome(token)).toBe("kid_revoked");
    }
  });

  test("lends nothing to another token with the same header", async () => {
    const [header = "", payload = "", signature = ""] = (await goodToken(key)).split(".");
    expect(await target.outcome(`${header}.${payload}.${signature}`)).toBe("accepted");
    expect(await target.outcome(`${header}.${segment({ ...GOOD_CLAIMS, sub: "admin" })}.${signature}`)).toBe(
      "signature_invalid",
    );
    expect(await target.outcome(`${header}.${segment("{")}.${signature}`)).toBe("signature_invalid");
  });

  test("may come with any number of different headers", async () => {
    for (let index = 0; index < 200; index += 1) {
      expect(await target.outcome(await forgeHeader(key, { index }))).toBe("accepted");
      expect(await target.outcome(await forgeHeader(key, { index, kid: `unknown-${index}` }))).toBe("kid_unknown");
    }
  });
});

describe("narrower typ rules", () => {
  test("refuse what they do not name", async () => {
    const accessOnly = { typs: new Set(["at+jwt" as const]) };
    expect(await target.outcome(await forgeHeader(key, { typ: "at+jwt" }), accessOnly)).toBe("accepted");
    expect(await target.outcome(await forgeHeader(key, { typ: "JWT" }), accessOnly)).toBe("typ_not_allowed");
    expect(await target.outcome(await forgeHeader(key, { typ: undefined }), accessOnly)).toBe("typ_not_allowed");
    expect(await target.outcome(await forgeHeader(key, { typ: "JWT" }), { typs: new Set() })).toBe("typ_not_allowed");
  });

  test.each([
    ["JWT", "jwt"],
    ["application/at+JWT", "at+jwt"],
    ["application/", ""],
    ["application/application/jwt", "application/jwt"],
    ["text/jwt", "text/jwt"],
    ["x/application/jwt", "x/application/jwt"],
  ])("normaliseTyp(%j) is %j", (typ, normal) => {
    expect(normaliseTyp(typ)).toBe(normal);
  });
});
