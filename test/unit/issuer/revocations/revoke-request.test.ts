import { describe, expect, test } from "vitest";
import type { NamedRevokeRequest } from "../../../../issuer/revocations/revoke-request.ts";
import { canBeAlive, parseRevokeRequest } from "../../../../issuer/revocations/revoke-request.ts";
import { epochSecondsFromMs } from "../../../../shared/identifiers.ts";

test.each([
  [{ token: "a.b.c" }, { kind: "token", token: "a.b.c" }],
  [{ jti: "one" }, { kind: "jti", jti: "one", expiresAt: undefined }],
  [
    { jti: "one", expiresAt: 5 },
    { kind: "jti", jti: "one", expiresAt: 5 },
  ],
  [{ sid: "s" }, { kind: "sid", sid: "s" }],
  [
    { sub: "u", issuedBefore: 5.5 },
    { kind: "sub", sub: "u", issuedBefore: 5.5 },
  ],
])("%j is understood", (value, request) => {
  expect(parseRevokeRequest(value, "event")).toEqual(request);
});

describe("what could be meant otherwise is refused", () => {
  test.each([
    [undefined, "The event must be an object"],
    [["a"], "The event must be an object"],
    [{}, "must have one of token, jti, sid and sub"],
    [{ sid: "s", sub: "u" }, "must have one of token, jti, sid and sub"],
    [{ session: "s" }, "must have one of token, jti, sid and sub"],
    [{ sub: "u", expiresAt: 5 }, '"expiresAt" is no member of the event beside sub'],
    [{ jti: "a", issuedBefore: 5 }, '"issuedBefore" is no member of the event beside jti'],
    [{ sub: "u", issued_before: 5 }, '"issued_before" is no member of the event beside sub'],
    [{ sid: "" }, "sid must be a text that is not empty"],
    [{ sid: 5 }, "sid must be a text that is not empty"],
    [{ sub: null }, "sub must be a text that is not empty"],
    [{ jti: "a", expiresAt: "5" }, "expiresAt must be a number: epoch seconds"],
    [{ sub: "a", issuedBefore: null }, "issuedBefore must be a number: epoch seconds"],
  ])("%j", (value, message) => {
    expect(() => parseRevokeRequest(value, "event")).toThrow(message);
  });
});

const now = epochSecondsFromMs(10_000_000);

test.each<[NamedRevokeRequest, boolean]>([
  [{ kind: "jti", jti: "a", expiresAt: undefined }, true],
  [{ kind: "jti", jti: "a", expiresAt: 9880 }, false],
  [{ kind: "jti", jti: "a", expiresAt: 9881 }, true],
  [{ kind: "sid", sid: "a" }, true],
  [{ kind: "sub", sub: "a", issuedBefore: undefined }, true],
  [{ kind: "sub", sub: "a", issuedBefore: 6219 }, false],
  [{ kind: "sub", sub: "a", issuedBefore: 6220 }, true],
])("at 10000, a token of %j can be alive: %s", (request, isAlive) => {
  expect(canBeAlive(request, { clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 }, now)).toBe(isAlive);
});

test("a token whose end was not told can be alive, also where all clocks are taken for the same", () => {
  const request = { kind: "jti", jti: "a", expiresAt: undefined } as const;
  expect(canBeAlive(request, { clockSkewSeconds: 0, maxTokenTtlSeconds: 3600 }, now)).toBe(true);
});
