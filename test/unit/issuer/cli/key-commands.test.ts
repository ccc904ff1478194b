/** `sealgate key public`: PEM and JWK are the same key, and a key that cannot be had is told by exit code. */
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../../shared/jwk.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { jsonObject, valueOf } from "../../../support/values.ts";
import { jsonOf, sealgate, stubProcessEnv } from "./support.ts";

let aws: TestKms;
let rsa: string;

beforeAll(async () => {
  aws = await startTestKms();
  stubProcessEnv(aws.env);
  rsa = await aws.createKeyFor("RS256");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

describe("key public", () => {
  test.for(ALGS)("the PEM and the JWK of an %s key are one and the same key", async (alg) => {
    const key = await aws.createKeyFor(alg);
    const pem = await sealgate(["key", "public", key]);
    expect(pem).toMatchObject({ code: EXIT.ok, err: "" });
    const jwk = await sealgate(["key", "public", key, "--format", "jwk", "--alg", alg]);
    expect(jwk).toMatchObject({ code: EXIT.ok, err: "" });
    const parsed = valueOf(parsePublicJwk(jsonObject(jwk.out)));
    expect(parsed).toMatchObject({ alg, kid: await calculateThumbprint(parsed) });
    const { kty, crv, n, e, x, y } = createPublicKey(pem.out).export({ format: "jwk" });
    expect(jsonObject(jwk.out)).toEqual({
      alg,
      use: "sig",
      kid: parsed.kid,
      ...JSON.parse(JSON.stringify({ kty, crv, n, e, x, y })),
    });
  });

  test("with --json: format and key in one line", async () => {
    const pem = jsonOf(await sealgate(["key", "public", rsa, "--json"]));
    expect(pem).toEqual({ format: "pem", publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/) });
    const jwk = jsonOf(await sealgate(["key", "public", rsa, "--json", "--format", "jwk", "--alg", "PS512"]));
    expect(jwk).toMatchObject({ format: "jwk", publicKey: { kty: "RSA", alg: "PS512" } });
  });

  test.for([
    ["another format", ["--format", "der"], "usage_invalid: --format must be"],
    ["an unknown algorithm", ["--format", "jwk", "--alg", "RS1"], "usage_invalid: --alg must be one of"],
    ["the JWK of an RSA key without its algorithm", ["--format", "jwk"], "input_invalid: "],
  ] as const)("%s is exit code 2", async ([, argv, message]) => {
    const run = await sealgate(["key", "public", rsa, ...argv]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain(message);
  });

  test("an algorithm that the key does not fit is exit code 1, for the PEM too", async () => {
    for (const format of ["pem", "jwk"]) {
      const run = await sealgate(["key", "public", rsa, "--format", format, "--alg", "ES256"]);
      expect(run).toMatchObject({ code: EXIT.failure, out: "" });
      expect(run.err).toContain("kms_key_unfit");
    }
  });

  test("a key that is not there is exit code 1", async () => {
    expect((await sealgate(["key", "public", "alias/none"])).err).toContain("kms_key_not_found");
  });
});
