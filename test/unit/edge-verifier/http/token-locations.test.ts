/** Reading credentials from the places of a request that are switched on. */
import { describe, expect, test } from "vitest";
import { cookieLocation, readToken } from "../../../../edge-verifier/http/token-locations.ts";

const TOKEN = "eyJh.eyJw.c2ln";

/** All characters that `trim()` takes off, but for the two blanks of HTTP. Fetch itself refuses most of them in a header. */
const UNICODE_BLANKS = [
  0x0b, 0x0c, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009,
  0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff,
].map((codePoint) => String.fromCodePoint(codePoint));

/** A request whose headers are what another runtime might have decoded. */
function requestWith(headers: Readonly<Record<string, string>>): Request {
  const get = (name: string): string | null => headers[name] ?? null;
  return { method: "GET", url: "https://api.example.com/", headers: { get, has: () => false } } as unknown as Request;
}

function reasonOf(result: ReturnType<typeof readToken>): string {
  if (result.ok) return result.value;
  return result.error.code === "invalid_request" ? result.error.reason : result.error.code;
}

describe("white space", () => {
  test("of Unicode is a part of the token in a cookie and in a WebSocket protocol", () => {
    const cookie = cookieLocation("session");
    const locations = {
      headers: [{ location: "authorization", name: "authorization", scheme: "bearer" }] as const,
      mayActFrom: () => false,
      cookie,
      webSocketProtocol: "bearer",
    };
    for (const blank of UNICODE_BLANKS) {
      for (const value of [`${blank}${TOKEN}`, `${TOKEN}${blank}`]) {
        const handshake = { upgrade: "websocket", "sec-websocket-protocol": `bearer, ${value}` };
        for (const headers of [{ cookie: `session=${value}` }, handshake]) {
          expect(reasonOf(readToken(requestWith(headers), locations)), JSON.stringify(headers)).toBe(
            "credentials_malformed",
          );
        }
      }
    }
    expect(reasonOf(readToken(requestWith({ cookie: `a=1; session=\t${TOKEN} ;b=2` }), locations))).toBe(TOKEN);
  });
});

describe("more than one token", () => {
  const cookie = cookieLocation("session");
  const locations = {
    headers: [{ location: "header", name: "x-api-token", scheme: "bearer" }] as const,
    mayActFrom: () => false,
    cookie,
    webSocketProtocol: undefined,
  };

  test("is refused across the header and the cookie, even if one of them is malformed", () => {
    for (const value of [`Bearer ${TOKEN}`, "Bearer", TOKEN]) {
      const headers = { "x-api-token": value, cookie: `session=${TOKEN}` };
      expect(reasonOf(readToken(requestWith(headers), locations))).toBe("several_credentials");
    }
  });
});
