/** Attacks by the text of a token: other serialisations, and other spellings of base64url. */
import { beforeAll, describe, expect, test } from "vitest";
import { encodeBase64url } from "../../../../shared/base64url.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { utf8 } from "../../../support/values.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forgePayload, goodToken, segment, signWith } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

let target: Target;
let key: TestKey;
let token: string;
let parts: readonly [string, string, string];

beforeAll(async () => {
  target = await makeTarget(["ES256"]);
  key = target.key("ES256");
  token = await goodToken(key);
  const [header = "", payload = "", signature = ""] = token.split(".");
  parts = [header, payload, signature];
});

/** The token with one segment replaced. */
function withSegment(index: number, change: (segment: string) => string): string {
  return parts.map((part, at) => (at === index ? change(part) : part)).join(".");
}

describe("another serialisation", () => {
  test("of JSON, flattened or general, is refused", async () => {
    const [encoded, payload, signature] = parts;
    const flattened = { payload, protected: encoded, signature };
    const general = { payload, signatures: [{ protected: encoded, signature }] };
    for (const text of [flattened, general, { ...flattened, header: { kid: key.kid, note: "a.b.c" } }].map((json) =>
      JSON.stringify(json),
    )) {
      expect(await target.outcome(text)).toBe("token_malformed");
      expect(await target.outcome(encodeBase64url(utf8(text)))).toBe("token_malformed");
    }
  });

  test("of JWE, with five parts, is refused", async () => {
    const header = segment({ alg: "dir", enc: "A256GCM", kid: key.kid });
    for (const text of [
      `${header}..AAAA.AAAA.AAAA`,
      `${header}.AAAA.AAAA.AAAA.AAAA`,
      `${token}.AAAA.AAAA`,
      `${token}.${token}`,
    ]) {
      expect(await target.outcome(text)).toBe("token_malformed");
    }
  });

  test("of SD-JWT, with tildes, is refused", async () => {
    expect(await target.outcome(`${token}~`)).toBe("token_malformed");
    expect(await target.outcome(`${token}~${segment('["salt","admin",true]')}~`)).toBe("token_malformed");
  });

  test("with a detached payload is refused", async () => {
    expect(await target.outcome(withSegment(1, () => ""))).toBe("signature_invalid");
    expect(await target.outcome(`${parts[0]}.${parts[2]}`)).toBe("token_malformed");
  });

  test("with an empty payload, really signed, is refused", async () => {
    expect(await target.outcome(await forgePayload(key, ""))).toBe("claims_invalid");
  });

  test("without, or with more than, two dots is refused", async () => {
    const [header, payload, signature] = parts;
    for (const text of [
      "",
      ".",
      "..",
      "...",
      header,
      `${header}.`,
      `${header}.${payload}`,
      `.${payload}.${signature}`,
      `.${token}`,
      `${token}.`,
      `${header}..${payload}.${signature}`,
      token.replace(".", ".."),
      token.replaceAll(".", ""),
    ]) {
      expect(await target.outcome(text)).toBe("token_malformed");
    }
  });

  test.each(["。", "．", "｡", "․", "﹒", "·", "٠", "%2E", "%2e", "\\u002e", "&#46;", ",", ":"])(
    "with %j instead of a dot is refused",
    async (dot) => {
      expect(await target.outcome(token.replaceAll(".", dot))).toBe("token_malformed");
      expect(await target.outcome(token.replace(".", dot))).toBe("token_malformed");
    },
  );

  test.each(["Bearer ", "bearer ", " ", "\t", "\n", '"', "'", "\ufeff", "\u200b", "\0"])(
    "with %j before it is refused",
    async (prefix) => {
      expect(await target.outcome(prefix + token)).toBe("token_malformed");
    },
  );

  test.each([" ", "\n", "\r\n", "\t", '"', ";", ",", ",Bearer x", "\ufeff", "\u200b", "\0", "#", "?", "%00"])(
    "with %j after it is refused",
    async (suffix) => {
      expect(await target.outcome(token + suffix)).toBe("token_malformed");
    },
  );
});

describe.each([0, 1, 2])("segment %i in another spelling of base64url", (index) => {
  test("with padding is refused", async () => {
    for (const padding of ["=", "==", "===", "%3D", "%3d%3d"]) {
      expect(await target.outcome(withSegment(index, (part) => part + padding))).toBe("token_malformed");
    }
  });

  test("with white space or a line break inside is refused", async () => {
    for (const space of [" ", "\n", "\r\n", "\t", "\0", "\u00a0", "\u2028"]) {
      const text = withSegment(index, (part) => part.slice(0, 8) + space + part.slice(8));
      expect(await target.outcome(text)).toBe("token_malformed");
    }
  });

  test("in the alphabet of plain base64, or outside both, is refused", async () => {
    for (const character of ["+", "/", "*", "~", "!", "$", "é", "Ａ", "А", "\ud83d\ude00"]) {
      const text = withSegment(index, (part) => character + part.slice(1));
      expect(await target.outcome(text)).toBe("token_malformed");
    }
  });

  test("with a letter from beyond ASCII that a mask would fold into the alphabet is refused", async () => {
    for (const offset of [0x80, 0x100, 0x1000, 0xff00 - 0x20]) {
      const text = withSegment(index, (part) => String.fromCharCode(part.charCodeAt(0) + offset) + part.slice(1));
      expect(await target.outcome(text)).toBe("token_malformed");
    }
  });
});

describe("unused bits that are not zero", () => {
  test("in the signature are refused: each signature has one text", async () => {
    const last = parts[2].slice(-1);
    const others = ALPHABET.split("").filter((character) => character !== last);
    const group = others.filter((character) => ALPHABET.indexOf(character) >> 4 === ALPHABET.indexOf(last) >> 4);
    expect(group).toHaveLength(15);
    for (const character of group) {
      expect(await target.outcome(withSegment(2, (part) => part.slice(0, -1) + character))).toBe("token_malformed");
    }
  });

  test("in header and payload are refused even if they were signed", async () => {
    const pad = (length: number): JsonObject => ({ ...GOOD_CLAIMS, pad: "x".repeat(length) });
    for (const length of [0, 1, 2]) {
      const payload = segment(pad(length));
      if (payload.length % 4 === 0) continue;
      const bumped = payload.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(payload.slice(-1)) + 1);
      const signingInput = `${parts[0]}.${bumped}`;
      const signature = encodeBase64url(await signWith(key)(utf8(signingInput)));
      expect(await target.outcome(`${signingInput}.${signature}`)).toBe("token_malformed");
    }
  });
});
