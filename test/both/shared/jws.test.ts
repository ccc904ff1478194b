/** Cutting a compact JWS into segments, and the rules for its protected header. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALGS, algorithmOf, findAlgorithm } from "../../../shared/algorithms.ts";
import { encodeBase64url } from "../../../shared/base64url.ts";
import { parseCompactJws, parseJwsHeader } from "../../../shared/jws.ts";
import type { TokenRejection } from "../../../shared/rejection.ts";
import { errorOf, utf8, valueOf } from "../../support/values.ts";

const encode = (text: string): string => encodeBase64url(utf8(text));

function headerProblem(header: object | string): TokenRejection {
  return errorOf(parseJwsHeader(encode(typeof header === "string" ? header : JSON.stringify(header))));
}

describe("segments", () => {
  test("of a compact JWS are its header as written, and the octets of payload and signature", () => {
    expect(parseCompactJws("SGVh.UGF5.U2ln")).toEqual({
      ok: true,
      value: { encodedHeader: "SGVh", payload: utf8("Pay"), signingInput: "SGVh.UGF5", signature: utf8("Sig") },
    });
  });

  test("may hold an empty payload, which RFC 7515 allows", () => {
    expect(valueOf(parseCompactJws("SGVh..U2ln"))).toMatchObject({ payload: new Uint8Array(), signingInput: "SGVh." });
  });

  test("leave the header to its own parser, however short it is", () => {
    expect(valueOf(parseCompactJws("A.UGF5.U2ln")).encodedHeader).toBe("A");
    expect(parseJwsHeader("A")).toEqual({ ok: false, error: { code: "token_malformed", part: "header" } });
  });

  test.each([
    [""],
    ["."],
    [".."],
    ["..."],
    ["SGVh"],
    ["SGVh.UGF5"],
    [".UGF5"],
    [".UGF5.U2ln"],
    ["..U2ln"],
    ["SGVh.UGF5.U2ln."],
    ["SGVh.UGF5..U2ln"],
    [".SGVh.UGF5.U2ln"],
    ["SGVh.UGF5.U2ln.U2ln"],
    ["SGVh.a.b.c.U2ln"],
    ['{"payload":"UGF5"}'],
    ["SGVh。UGF5。U2ln"],
    ["SGVh．UGF5．U2ln"],
    ["SGVh․UGF5․U2ln"],
  ])("%j does not have three", (token) => {
    expect(parseCompactJws(token)).toEqual({ ok: false, error: { code: "token_malformed", part: "segments" } });
  });

  test.each(["UGF5=", "UGF5 ", "UGF5\n", " UGF5", "UG+5", "UG/5", "UGF5Z", "UGF", "UG%3D", "UGFé"])(
    "a payload spelt %j is refused",
    (payload) => {
      expect(parseCompactJws(`SGVh.${payload}.U2ln`)).toEqual({
        ok: false,
        error: { code: "token_malformed", part: "payload" },
      });
    },
  );

  test.each(["", "U2ln=", "U2ln ", "U2ln\n", "U2ln\r\n", "U2l+", "U", "U2lnZ", "U2n"])(
    "a signature spelt %j is refused",
    (signature) => {
      expect(parseCompactJws(`SGVh.UGF5.${signature}`)).toEqual({
        ok: false,
        error: { code: "token_malformed", part: "signature" },
      });
    },
  );

  test("no text makes the parser throw, and what it accepts has one spelling", () => {
    const segment = fc.string({ unit: fc.constantFrom(..."AZaz09-_+/=. \n".split("")), maxLength: 8 });
    const nearly = fc.array(segment, { minLength: 2, maxLength: 4 }).map((list) => list.join("."));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: "binary", maxLength: 40 })), (token) => {
        const parsed = parseCompactJws(token);
        if (!parsed.ok) return true;
        const { encodedHeader, payload, signature, signingInput } = parsed.value;
        const again = `${encodedHeader}.${encodeBase64url(payload)}`;
        return signingInput === again && token === `${again}.${encodeBase64url(signature)}`;
      }),
      { numRuns: 3000 },
    );
  });
});

describe("the protected header", () => {
  test.each([...ALGS, "Ed25519" as const])("with alg %s, kid and typ is read", (alg) => {
    const header = parseJwsHeader(encode(JSON.stringify({ alg, kid: "a", typ: "JWT" })));
    expect(header).toEqual({ ok: true, value: { algorithm: findAlgorithm(alg), kid: "a", typ: "JWT" } });
  });

  test("may leave typ out", () => {
    const header = parseJwsHeader(encode('{"alg":"ES256","kid":"a"}'));
    expect(header).toEqual({ ok: true, value: { algorithm: algorithmOf("ES256"), kid: "a", typ: undefined } });
  });

  test.each(["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "cty", "nonce", "unknown"])(
    "may carry %s, which is not looked at",
    (member) => {
      for (const value of ["https://attacker.example/keys", { kty: "oct", k: "AA" }, ["MII"], null]) {
        const header = parseJwsHeader(encode(JSON.stringify({ alg: "ES256", kid: "a", [member]: value })));
        expect(header).toEqual({ ok: true, value: { algorithm: algorithmOf("ES256"), kid: "a", typ: undefined } });
      }
    },
  );

  test.each([[["exp"]], [["b64"]], [[]], [""], [null], [false], [{}]])("with crit %j is refused", (crit) => {
    expect(headerProblem({ alg: "ES256", kid: "a", crit })).toEqual({ code: "header_critical" });
  });

  test.each([[true], [false], [null], ["false"]])("with b64 %j is refused, crit or not", (b64) => {
    expect(headerProblem({ alg: "ES256", kid: "a", b64 })).toEqual({ code: "header_invalid", reason: "b64" });
  });

  test.each([["none"], ["HS256"], ["es256"], [""], [null], [undefined], [256], [["ES256"]], [{ ES256: 1 }]])(
    "with alg %j is refused",
    (alg) => {
      expect(headerProblem({ alg, kid: "a" })).toEqual({ code: "alg_not_allowed" });
    },
  );

  test("without kid is refused", () => {
    expect(headerProblem({ alg: "ES256" })).toEqual({ code: "kid_missing" });
  });

  test.each([[""], ["a b"], ["a\n"], ["é"], ["k".repeat(513)], [null], [1], [true], [["a"]], [{}]])(
    "with kid %j is refused",
    (kid) => {
      expect(headerProblem({ alg: "ES256", kid })).toEqual({ code: "header_invalid", reason: "kid" });
    },
  );

  test.each([[null], [1], [true], [["JWT"]], [{}]])("with typ %j is refused", (typ) => {
    expect(headerProblem({ alg: "ES256", kid: "a", typ })).toEqual({ code: "header_invalid", reason: "typ" });
  });

  test.each([
    ['{"alg":"ES256","kid":"a","alg":"none"}', "duplicate_member"],
    ['{"alg":"ES256","kid":"a","\\u0061lg":"none"}', "duplicate_member"],
    ['{"alg":"ES256","kid":"a"} ', undefined],
    ['{"alg":"ES256","kid":"a"}x', "syntax"],
    ['[{"alg":"ES256","kid":"a"}]', "not_an_object"],
    ['"ES256"', "not_an_object"],
    ["", "syntax"],
    ['\ufeff{"alg":"ES256","kid":"a"}', "byte_order_mark"],
    [`{"alg":"ES256","kid":"a","x":${"[".repeat(40)}${"]".repeat(40)}}`, "nested_too_deeply"],
  ])("written as %j: %s", (text, reason) => {
    const parsed = parseJwsHeader(encode(text));
    expect(parsed.ok ? undefined : parsed.error).toEqual(reason && { code: "header_invalid", reason });
  });

  test("that is not UTF-8 is refused", () => {
    const octets = Uint8Array.of(...utf8('{"alg":"ES256","kid":"'), 0xff, ...utf8('"}'));
    expect(parseJwsHeader(encodeBase64url(octets))).toEqual({
      ok: false,
      error: { code: "header_invalid", reason: "not_utf8" },
    });
  });

  test.each(["eyJ9=", "e y", "ey+9", "A"])("encoded as %j is refused", (encoded) => {
    expect(parseJwsHeader(encoded)).toEqual({ ok: false, error: { code: "token_malformed", part: "header" } });
  });

  test("no octets make the parser throw", () => {
    const members = fc.record(
      { alg: fc.anything(), kid: fc.jsonValue(), typ: fc.jsonValue(), crit: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      members.map((header) => {
        try {
          return JSON.stringify({ ...header, alg: "ES256" });
        } catch {
          return "";
        }
      }),
    );
    fc.assert(
      fc.property(texts, (text) => typeof parseJwsHeader(encode(text)).ok === "boolean"),
      { numRuns: 1000 },
    );
  });
});
