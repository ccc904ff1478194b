/** Attacks on `alg`: none in all its spellings, HMAC with the public key as the secret, and swaps between algorithms. */
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS, algorithmOf } from "../../../../shared/algorithms.ts";
import type { Alg } from "../../../../shared/algorithms.ts";
import type { JsonValue } from "../../../../shared/json.ts";
import { decodeBase64url } from "../../../../shared/base64url.ts";
import { toKeyMaterial } from "../../../../shared/jwk.ts";
import { given, utf8 } from "../../../support/values.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forge, goodToken, headerFor, publicSpki, segment, signAs, signWith } from "../../../support/forge.ts";
import type { SignatureOf } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";

const RSA_ALGS = ALGS.filter((alg) => algorithmOf(alg).kty === "RSA");

let target: Target;

beforeAll(async () => {
  target = await makeTarget(ALGS);
});

describe("alg none", () => {
  const spellings: JsonValue[] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "noNe",
    "NoNe",
    "none ",
    " none",
    "none\0",
    "nоne",
    "ｎｏｎｅ",
    "",
    "null",
    "undefined",
    null,
    false,
    0,
    [],
    ["none"],
    {},
    { alg: "none" },
  ];

  test.each(spellings)("spelt %j is refused, with and without a signature", async (alg) => {
    for (const name of ALGS) {
      const key = target.key(name);
      const header = headerFor(key, { alg });
      expect(await target.outcome(`${segment(header)}.${segment(GOOD_CLAIMS)}.`)).toBe("token_malformed");
      expect(await target.outcome(await forge(header, GOOD_CLAIMS, () => new Uint8Array(1)))).toBe("alg_not_allowed");
      expect(await target.outcome(await forge(header, GOOD_CLAIMS, signWith(key)))).toBe("alg_not_allowed");
    }
  });

  test("left out is refused", async () => {
    const key = target.key("ES256");
    const header = headerFor(key, { alg: undefined });
    expect(await target.outcome(await forge(header, GOOD_CLAIMS, signWith(key)))).toBe("alg_not_allowed");
  });

  test("in a second member of the header is refused", async () => {
    const key = target.key("ES256");
    for (const text of [
      `{"alg":"none","alg":"ES256","kid":"${key.kid}"}`,
      `{"alg":"ES256","kid":"${key.kid}","alg":"none"}`,
      `{"alg":"ES256","kid":"${key.kid}","\\u0061\\u006c\\u0067":"none"}`,
    ]) {
      expect(await target.outcome(await forge(text, GOOD_CLAIMS, signWith(key)))).toBe("header_invalid");
    }
  });

  test("beside a good alg under another name changes nothing", async () => {
    const key = target.key("ES256");
    const header = headerFor(key, { ALG: "none", Alg: "none", "alg ": "none", algorithm: "none" });
    expect(await target.outcome(await forge(header, GOOD_CLAIMS, signWith(key)))).toBe("accepted");
  });
});

describe("HMAC with the public key as the secret", () => {
  test.each(["RS256", "PS512", "ES256", "ES512", "EdDSA"] as const)(
    "of %s is refused in every encoding",
    async (alg) => {
      const key = target.key(alg);
      for (const secret of await encodingsOf(alg)) {
        for (const [name, hash] of [
          ["HS256", "SHA-256"],
          ["HS384", "SHA-384"],
          ["HS512", "SHA-512"],
        ] as const) {
          const mac = hmac(secret, hash);
          expect(await target.outcome(await forge(headerFor(key, { alg: name }), GOOD_CLAIMS, mac))).toBe(
            "alg_not_allowed",
          );
          expect(await target.outcome(await forge(headerFor(key), GOOD_CLAIMS, mac))).toBe("signature_invalid");
        }
      }
    },
  );

  test.each(["hs256", "Hs256", "HMAC", "HS1", "HS256/64", "A256KW", "dir", "PBES2-HS256+A128KW"])(
    "or any symmetric algorithm, as %s, is refused",
    async (alg) => {
      const key = target.key("RS256");
      const token = await forge(headerFor(key, { alg }), GOOD_CLAIMS, hmac(await publicSpki(key), "SHA-256"));
      expect(await target.outcome(token)).toBe("alg_not_allowed");
    },
  );
});

describe("another algorithm than the key's", () => {
  test.each(RSA_ALGS)("of the RSA family is refused for a key bound to %s", async (bound) => {
    const key = target.key(bound);
    for (const other of RSA_ALGS.filter((alg) => alg !== bound)) {
      const sign = signAs(key, other);
      expect(await target.outcome(await forge(headerFor(key, { alg: other }), GOOD_CLAIMS, sign))).toBe("alg_mismatch");
      expect(await target.outcome(await forge(headerFor(key), GOOD_CLAIMS, sign))).toBe("signature_invalid");
    }
    expect(await target.outcome(await forge(headerFor(key), GOOD_CLAIMS, signAs(key, bound)))).toBe("accepted");
  });

  test.each(["ES256", "ES384", "ES512"] as const)(
    "in the hash alone is refused for a key bound to %s",
    async (bound) => {
      const key = target.key(bound);
      for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
        const sign: SignatureOf = async (input) =>
          new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash }, key.privateKey, input));
        const own = algorithmOf(bound).params.hash === hash;
        const token = await forge(headerFor(key), GOOD_CLAIMS, sign);
        expect(await target.outcome(token)).toBe(own ? "accepted" : "signature_invalid");
      }
    },
  );

  test.each(ALGS)("in the header is refused for a key bound to %s", async (bound) => {
    const key = target.key(bound);
    for (const alg of ALGS.filter((other) => other !== bound)) {
      expect(await target.outcome(await forge(headerFor(key, { alg }), GOOD_CLAIMS, signWith(key)))).toBe(
        "alg_mismatch",
      );
    }
    for (const alg of ["ES256K", "Ed448", "RS1", "ESP256", "ML-DSA-44", "RSA-OAEP", bound.toLowerCase(), `${bound} `]) {
      expect(await target.outcome(await forge(headerFor(key, { alg }), GOOD_CLAIMS, signWith(key)))).toBe(
        "alg_not_allowed",
      );
    }
  });

  test("with the key of that algorithm, under the kid of this one, is refused", async () => {
    for (const alg of ALGS) {
      const victim = target.key(alg === "ES256" ? "EdDSA" : "ES256");
      const header = headerFor(target.key(alg), { kid: victim.kid });
      const token = await forge(header, GOOD_CLAIMS, signWith(target.key(alg)));
      expect(await target.outcome(token)).toBe(alg === victim.alg ? "signature_invalid" : "alg_mismatch");
    }
  });

  test("left out of the gateway's allow-list is refused although a key would fit", async () => {
    for (const alg of ALGS) {
      const others = new Set(ALGS.filter((other) => other !== alg));
      const token = await goodToken(target.key(alg));
      expect(await target.outcome(token, { algs: others })).toBe("alg_not_allowed");
    }
  });
});

/** What implementations have taken for an HMAC secret: PEM with each line ending, DER, JWK texts, raw integers. */
async function encodingsOf(alg: Alg): Promise<Uint8Array<ArrayBuffer>[]> {
  const key = target.key(alg);
  const spki = await publicSpki(key);
  const base64 = btoa(String.fromCharCode(...spki));
  const pem = ["-----BEGIN PUBLIC KEY-----", ...(base64.match(/.{1,64}/g) ?? []), "-----END PUBLIC KEY-----"];
  const material = toKeyMaterial(key.jwk);
  const texts = [
    pem.join("\n"),
    `${pem.join("\n")}\n`,
    `${pem.join("\r\n")}\r\n`,
    pem.slice(1, -1).join(""),
    base64,
    JSON.stringify(material),
    JSON.stringify(key.jwk),
    JSON.stringify({ keys: [key.jwk] }),
    key.kid,
  ];
  const integers = ["n", "x", "y"].flatMap((name) => (material[name] === undefined ? [] : [material[name]]));
  return [...texts.map(utf8), ...integers.map(utf8), ...integers.map((text) => given(decodeBase64url(text))), spki];
}

function hmac(secret: Uint8Array<ArrayBuffer>, hash: string): SignatureOf {
  return async (input) => {
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, input));
  };
}
