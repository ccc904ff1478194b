/** `sealgate token inspect`: shows a token without believing it. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { jsonOf, sealgate } from "./support.ts";

const NOW_SECONDS = 1_800_000_000;
const nowMs = (): number => NOW_SECONDS * 1000;

function tokenOf(claims: object | string, header: object | string = { alg: "ES256", kid: "k", typ: "JWT" }): string {
  const segment = (part: object | string): string =>
    Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
  return `${segment(header)}.${segment(claims)}.${Buffer.alloc(64).toString("base64url")}`;
}

describe("token inspect", () => {
  test("shows header, claims and times, and says on stderr that nothing was verified", async () => {
    const claims = { sub: "user-1", iat: NOW_SECONDS - 30, exp: NOW_SECONDS + 270, aud: ["a", "b"] };
    const run = await sealgate(["token", "inspect", tokenOf(claims)], { nowMs });
    expect(run.code).toBe(EXIT.ok);
    expect(run.out).toBe(
      [
        'header    {"alg":"ES256","kid":"k","typ":"JWT"}',
        "claims",
        '  sub        "user-1"',
        "  iat        1799999970   2027-01-15T07:59:30.000Z (30 s ago)",
        "  exp        1800000270   2027-01-15T08:04:30.000Z (in 270 s)",
        '  aud        ["a","b"]',
        "signature 64 bytes",
        "",
      ].join("\n"),
    );
    expect(run.err).toMatch(/^unverified: /);
  });

  test("with --json: one line that says verified: false", async () => {
    const claims = { exp: NOW_SECONDS + 1.5, nbf: NOW_SECONDS, auth_time: 1e300 };
    expect(jsonOf(await sealgate(["token", "inspect", "--json", tokenOf(claims)], { nowMs }))).toEqual({
      verified: false,
      header: { alg: "ES256", kid: "k", typ: "JWT" },
      claims,
      signatureBytes: 64,
      // A time beyond what a date can be has no date.
      times: {
        exp: { at: "2027-01-15T08:00:01.500Z", inSeconds: 2 },
        nbf: { at: "2027-01-15T08:00:00.000Z", inSeconds: 0 },
      },
    });
  });

  test("reads stdin for - and for nothing, and says so at a terminal", async () => {
    const io = { readStdin: async () => `${tokenOf({ sub: "piped" })}\n` };
    for (const argv of [["-"], []]) {
      expect((await sealgate(["token", "inspect", ...argv], io)).out).toContain('"piped"');
    }
    const run = await sealgate(["token", "inspect"], { ...io, stdinIsTerminal: true });
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect((await sealgate(["token", "inspect", "-"], { ...io, stdinIsTerminal: true })).code).toBe(EXIT.ok);
  });

  test.for([
    ["no token", "garbage", "token_malformed: The token is not three parts with dots between them."],
    ["a header that is no base64url", "e30=.e30.AA", "token_malformed: The token's header is not canonical base64url."],
    [
      "a payload that is no base64url",
      "e30.e30=.AA",
      "token_malformed: The token's payload is not canonical base64url.",
    ],
    ["no signature", "e30.e30.", "token_malformed: The token's signature is not canonical base64url."],
    [
      "a header with a repeated member",
      tokenOf({}, '{"a":1,"a":2}'),
      "header_invalid: The token's header cannot be used (duplicate_member).",
    ],
    [
      "a payload that is no object",
      tokenOf("[]"),
      "claims_invalid: The token's claims cannot be used (not_an_object).",
    ],
  ] as const)("%s is exit code 3, with the reason", async ([, token, message]) => {
    const run = await sealgate(["token", "inspect", token]);
    expect(run).toEqual({ code: EXIT.tokenInvalid, out: "", err: `invalid ${message}\n` });
  });

  test("what a stranger has put into a token cannot steer the terminal", async () => {
    const claims = JSON.stringify({ "\u001b[2Jname": "\u001b]0;title\u0007 \u009b31m \u202egnp.exe", "a b": 1 });
    const { out } = await sealgate(["token", "inspect", tokenOf(claims, '{"alg":"\u009b"}')]);
    expect(out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(out).toContain(String.raw`"\u001b[2Jname"`);
    expect(out).toContain(String.raw`\u009b31m \u202egnp.exe`);
  });
});
