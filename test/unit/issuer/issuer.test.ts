/** What `createIssuer` puts into a token, and what it refuses to sign. */
import { createPublicKey, verify } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { Issuer } from "../../../issuer/issuer.ts";
import type { IssuerSettings } from "../../../issuer/issuer-options.ts";
import type { Signer } from "../../../issuer/signer.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { toKeyMaterial } from "../../../shared/jwk.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../shared/verify-token.ts";
import { createLocalSigner } from "../../support/local-signer.ts";

const ISSUER = "https://auth.example.com";
const NOW = 1_800_000_000;
const CANARY = "canary-value-of-a-claim";

let signer: Signer;
beforeAll(async () => {
  signer = await createLocalSigner("ES256");
});

function issuerWith(settings: Partial<IssuerSettings> = {}): Issuer {
  return createIssuer({
    issuer: ISSUER,
    signer,
    maxTokenTtlSeconds: 3600,
    clock: () => epochSecondsFromMs(NOW * 1000 + 999),
    ...settings,
  });
}

interface Decoded {
  readonly header: string;
  readonly claims: Record<string, unknown>;
}

function decode(token: string): Decoded {
  const [header = "", payload = ""] = token.split(".").map((part) => Buffer.from(part, "base64url").toString("utf8"));
  const claims: Record<string, unknown> = JSON.parse(payload);
  return { header, claims };
}

describe("an issued token", () => {
  test("has a header of exactly alg, kid and typ, in this order", async () => {
    const { token, kid } = await issuerWith().sign({ sub: "u" }, { audience: "api" });
    expect(decode(token).header).toBe(`{"alg":"ES256","kid":"${signer.kid}","typ":"JWT"}`);
    expect(kid).toBe(signer.kid);
  });

  test("carries the session's sid, by any text", async () => {
    const { token } = await issuerWith().sign({ sid: "a/b %2F \u{1f511}" }, { audience: "api" });
    expect(decode(token).claims["sid"]).toBe("a/b %2F \u{1f511}");
  });

  test("carries iss, iat, exp and jti set by the issuer, and the caller's claims as they were", async () => {
    const claims = { sub: "ü-1", scope: "a b", nested: { list: [1, null, true] }, "https://x.example/y": "z" };
    const issued = await issuerWith().sign(claims, { audience: ["api", "other"], ttlSeconds: 60 });
    expect(decode(issued.token).claims).toEqual({
      iss: ISSUER,
      ...claims,
      aud: ["api", "other"],
      iat: NOW,
      exp: NOW + 60,
      jti: issued.jti,
    });
    expect(issued.expiresAt).toBe(NOW + 60);
    expect(issued.jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("takes claims of a declared type", async () => {
    interface UserClaims {
      readonly sub: string;
    }
    const claims: UserClaims = { sub: "u" };
    const { token } = await issuerWith().sign(claims, { audience: "api" });
    expect(decode(token).claims["sub"]).toBe("u");
  });

  test("is signed over exactly its own first two segments", async () => {
    const { token } = await issuerWith().sign({}, { audience: "api" });
    const at = token.lastIndexOf(".");
    const key = createPublicKey({ key: toKeyMaterial(signer.jwk), format: "jwk" });
    const signature = Buffer.from(token.slice(at + 1), "base64url");
    expect(verify("sha256", Buffer.from(token.slice(0, at)), { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
  });

  test("never shares its jti with another", async () => {
    const issuer = issuerWith();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => issuer.sign({}, { audience: "api" })));
    expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(50);
  });

  test("lives 300 seconds when nothing else is asked, or as long as the issuer was told", async () => {
    const lifetimeOf = async (settings: Partial<IssuerSettings>): Promise<number> =>
      (await issuerWith(settings).sign({}, { audience: "api" })).expiresAt - NOW;
    expect(await lifetimeOf({})).toBe(300);
    expect(await lifetimeOf({ maxTokenTtlSeconds: 120 })).toBe(120);
    expect(await lifetimeOf({ defaultTtlSeconds: 45 })).toBe(45);
  });

  test("takes the audience from the claims when the option is left out", async () => {
    const { token } = await issuerWith().sign({ aud: "api" });
    expect(decode(token).claims["aud"]).toBe("api");
  });

  test("is signed by the ring's signer of the moment", async () => {
    const next = await createLocalSigner("EdDSA");
    const signers = [signer, next];
    const ring = { current: () => Promise.resolve(signers.shift() ?? next) };
    const issuer = createIssuer({ issuer: ISSUER, ring, maxTokenTtlSeconds: 60 });
    const first = await issuer.sign({}, { audience: "api", ttlSeconds: 60 });
    const second = await issuer.sign({}, { audience: "api", ttlSeconds: 60 });
    expect([first.kid, second.kid]).toEqual([signer.kid, next.kid]);
    expect(decode(second.token).header).toContain('"alg":"EdDSA"');
  });

  test("counts its life from when it is signed, not from when a signer was asked for", async () => {
    let now = NOW;
    const ring = {
      current: () => {
        now += 30;
        return Promise.resolve(signer);
      },
    };
    const clock = (): ReturnType<typeof epochSecondsFromMs> => epochSecondsFromMs(now * 1000);
    const issuer = createIssuer({ issuer: ISSUER, ring, maxTokenTtlSeconds: 60, clock });
    const { token } = await issuer.sign({}, { audience: "api" });
    expect(decode(token).claims["iat"]).toBe(NOW + 30);
  });

  test("as at+jwt says so in its header", async () => {
    const { token } = await issuerWith().sign({ sub: "u", client_id: "c" }, { audience: "api", typ: "at+jwt" });
    expect(decode(token).header).toBe(`{"alg":"ES256","kid":"${signer.kid}","typ":"at+jwt"}`);
  });
});

describe("a request that is refused", () => {
  const refusals: readonly [string, Record<string, unknown>, Parameters<Issuer["sign"]>[1], string][] = [
    ["iss", { iss: CANARY }, { audience: "api" }, "iss"],
    ["iat", { iat: 1 }, { audience: "api" }, "iat"],
    ["exp", { exp: NOW + 10 }, { audience: "api" }, "exp"],
    ["jti", { jti: CANARY }, { audience: "api" }, "jti"],
    ["aud given twice", { aud: "api" }, { audience: "api" }, "aud"],
    ["no audience at all", { sub: CANARY }, {}, "aud"],
    ["an empty list of audiences", {}, { audience: [] }, "aud"],
    ["an empty audience", { aud: "" }, {}, "aud"],
    ["an audience that no edge can be configured with", {}, { audience: "a b" }, "aud"],
    ["aud of another type", { aud: [1] }, {}, "aud"],
    ["a sub that is no string", { sub: 42 }, { audience: "api" }, "sub"],
    ["a sid that is no string", { sid: 42 }, { audience: "api" }, "sid"],
    ["a sid of null", { sid: null }, { audience: "api" }, "sid"],
    ["an empty sid, which no session can be taken back by", { sid: "" }, { audience: "api" }, "sid"],
    ["nbf that is no time", { nbf: "soon" }, { audience: "api" }, "nbf"],
    ["nbf at the token's end", { nbf: NOW + 300 }, { audience: "api" }, "nbf"],
    ["a claim that is not JSON", { a: { b: [undefined] } }, { audience: "api" }, "a.b[0]"],
    ["an access token without sub", { client_id: "c" }, { audience: "api", typ: "at+jwt" }, "sub"],
    ["an access token without client_id", { sub: CANARY }, { audience: "api", typ: "at+jwt" }, "client_id"],
    ["an access token with an empty sub", { sub: "", client_id: "c" }, { audience: "api", typ: "at+jwt" }, "sub"],
    ["an access token without audience", { sub: "u", client_id: "c" }, { typ: "at+jwt" }, "aud"],
  ];
  test.each(refusals)("%s: claims_refused names the claim and shows no value", async (_what, claims, options, path) => {
    const refused = issuerWith().sign(claims, options);
    await expect(refused).rejects.toMatchObject({ code: "claims_refused", retryable: false });
    await expect(refused).rejects.toThrow(`The claim ${path} `);
    await expect(refused).rejects.not.toThrow(CANARY);
  });

  test("a lifetime over the maximum: lifetime_too_long", async () => {
    const signed = issuerWith().sign({}, { audience: "api", ttlSeconds: 3601 });
    await expect(signed).rejects.toMatchObject({ code: "lifetime_too_long" });
    await expect(issuerWith().sign({}, { audience: "api", ttlSeconds: 3600 })).resolves.toMatchObject({
      expiresAt: NOW + 3600,
    });
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "a lifetime of %d: input_invalid",
    async (ttlSeconds) => {
      await expect(issuerWith().sign({}, { audience: "api", ttlSeconds })).rejects.toMatchObject({
        code: "input_invalid",
      });
    },
  );

  test("another typ: input_invalid", async () => {
    // @ts-expect-error -- what a caller in JavaScript can do
    const signed = issuerWith().sign({}, { audience: "api", typ: "jwk-set+jwt" });
    await expect(signed).rejects.toMatchObject({ code: "input_invalid" });
  });

  test("a token longer than verifiers accept; one of just that length is signed", async () => {
    const { token } = await issuerWith().sign({ pad: "" }, { audience: "api" });
    const room = Math.floor(((DEFAULT_MAX_TOKEN_BYTES - token.length) * 3) / 4);
    const longest = await issuerWith().sign({ pad: "x".repeat(room) }, { audience: "api" });
    expect(longest.token.length).toBe(DEFAULT_MAX_TOKEN_BYTES);
    const longer = issuerWith().sign({ pad: "x".repeat(room + 1) }, { audience: "api" });
    await expect(longer).rejects.toMatchObject({ code: "claims_refused" });
  });

  test("is refused before anything is signed", async () => {
    let signatures = 0;
    const counting: Signer = {
      ...signer,
      sign: (input) => {
        signatures += 1;
        return signer.sign(input);
      },
    };
    const issuer = createIssuer({ issuer: ISSUER, signer: counting, maxTokenTtlSeconds: 60 });
    await expect(issuer.sign({ exp: 1 }, { audience: "api" })).rejects.toMatchObject({ code: "claims_refused" });
    await expect(issuer.sign({ nbf: NOW * 2 }, { audience: "api" })).rejects.toMatchObject({ code: "claims_refused" });
    expect(signatures).toBe(0);
  });
});
