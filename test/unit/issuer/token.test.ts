/** From claims to a compact JWS that other libraries read, of the length that was foretold, for every algorithm. */
import { compactVerify, decodeProtectedHeader, importJWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import type { Signer } from "../../../issuer/signer.ts";
import { signCompactJws, tokenBytesOf, toSigningInput } from "../../../issuer/token.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import { createLocalSigner } from "../../support/local-signer.ts";
import { kidOf } from "../../support/values.ts";

const decode = (segment: string | undefined): string => Buffer.from(segment ?? "", "base64url").toString("utf8");

describe("the signing input", () => {
  const header = { typ: "JWT", kid: kidOf("key-1"), alg: "ES256" } as const;

  test("is the header in its fixed order and the payload as it is, both base64url without padding", () => {
    const input = toSigningInput(header, { sub: "ü", b: 1, a: [true, null] });
    expect(input).toMatch(/^[\w-]+\.[\w-]+$/);
    const [first, second] = input.split(".");
    expect(decode(first)).toBe('{"alg":"ES256","kid":"key-1","typ":"JWT"}');
    expect(decode(second)).toBe('{"sub":"ü","b":1,"a":[true,null]}');
  });

  test("has no other member of what the header was taken from", () => {
    const more = { ...header, d: "private", jku: "https://elsewhere.example.com" };
    expect(toSigningInput(more, {})).toBe(toSigningInput(header, {}));
  });
});

describe.each(ALGS)("%s", (alg) => {
  let signer: Signer;
  beforeAll(async () => {
    signer = await createLocalSigner(alg);
  });

  test("gives a JWS that jose verifies, of as many octets as were foretold", async () => {
    const { kid } = signer;
    for (const sub of ["", "u", "uu", "uuu"]) {
      const input = toSigningInput({ alg, kid, typ: "JWT" }, { sub });
      const jws = await signCompactJws(signer, input);
      expect(Buffer.byteLength(jws)).toBe(tokenBytesOf(input, signer));
      const { payload } = await compactVerify(jws, await importJWK({ ...signer.jwk }, alg));
      expect(JSON.parse(Buffer.from(payload).toString("utf8"))).toEqual({ sub });
      expect(decodeProtectedHeader(jws)).toEqual({ alg, kid, typ: "JWT" });
    }
  });
});

test("a signer that fails gives no token", async () => {
  const signer = { ...(await createLocalSigner("ES256")), sign: () => Promise.reject(new Error("KMS is down")) };
  await expect(signCompactJws(signer, "a.b")).rejects.toThrow("KMS is down");
});
