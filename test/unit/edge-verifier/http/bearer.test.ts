/** Reading credentials: what is one token, and which white space may stand around it. */
import { describe, expect, test } from "vitest";
import { readBearerToken } from "../../../../edge-verifier/http/bearer.ts";

const TOKEN = "eyJh.eyJw.c2ln";

/** All characters that `trim()` takes off, but for the two blanks of HTTP. Fetch itself refuses most of them in a header. */
const UNICODE_BLANKS = [
  0x0b, 0x0c, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009,
  0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff,
].map((codePoint) => String.fromCodePoint(codePoint));

function reasonOf(result: ReturnType<typeof readBearerToken>): string {
  if (result.ok) return result.value;
  return result.error.code === "invalid_request" ? result.error.reason : result.error.code;
}

describe("white space", () => {
  test.each(["Bearer T", "bearer T", "BEARER   T"])("a scheme, spaces, a token: %j", (text) => {
    expect(readBearerToken(text.replace("T", TOKEN))).toEqual({ ok: true, value: TOKEN });
  });

  test("of Unicode is a part of the token, wherever it stands", () => {
    for (const blank of UNICODE_BLANKS) {
      for (const text of [`Bearer ${blank}${TOKEN}`, `Bearer ${TOKEN}${blank}`]) {
        expect(reasonOf(readBearerToken(text)), JSON.stringify(text)).toBe("credentials_malformed");
      }
    }
  });
});

describe("a token that does not follow the word Bearer", () => {
  test.each([TOKEN, `JWT ${TOKEN}`, `Token ${TOKEN}`, `Bearer: ${TOKEN}`, `Bearer\u3000${TOKEN}`, "eyJh.eyJw."])(
    "is a mistake: %s",
    (text) => {
      expect(reasonOf(readBearerToken(text))).toBe("bearer_scheme_missing");
    },
  );

  test.each(["Basic dXNlcjpwYXNz", "Negotiate", "Digest a.b", "Signature keyId=a.b.c", `Hawk ${TOKEN}.x`])(
    "is not seen in the credentials of another scheme: %s",
    (text) => {
      expect(reasonOf(readBearerToken(text))).toBe("token_missing");
    },
  );
});
