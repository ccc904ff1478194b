/**
 * What every signer must do, wherever its private key is: run against each one, so that issuer and rotator can rely on it,
 * and so that the signers of tests stay like the product's.
 */
import { describe, expect, test } from "vitest";
import type { Signer } from "../../issuer/signer.ts";
import { signCompactJws, toSigningInput } from "../../issuer/token.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { calculateThumbprint, parsePublicJwk } from "../../shared/jwk.ts";
import { importVerificationKey, parseCompactJws, verifySignature } from "../../shared/jws.ts";
import { given, valueOf } from "./values.ts";

/** @param start makes the signer, in the test that it is for */
export function describeSignerContract(name: string, alg: Alg, start: () => Promise<Signer>): void {
  describe(`the contract of signers, on ${name} for ${alg}`, () => {
    test("its kid is the thumbprint of its public half, which edges accept for the algorithm", async () => {
      const signer = await start();
      const { jwk, kid } = signer;
      expect(valueOf(parsePublicJwk(jwk)).alg).toBe(alg);
      expect(signer.alg).toBe(alg);
      expect(kid).toBe(await calculateThumbprint(jwk));
    });

    test("it is bound to a key by ARN, not by an alias that can move", async () => {
      expect((await start()).keyArn).toMatch(/^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/);
    });

    test("edges verify its signatures, and of no other text", async () => {
      const signer = await start();
      const { signingInput, signature } = await sign(signer, { sub: "one", text: "ü 🔑" });
      expect(await holds(signer, signingInput, signature)).toBe(true);
      const other = await sign(signer, { sub: "another" });
      expect(await holds(signer, other.signingInput, signature)).toBe(false);
    });

    test("signatures that are asked for at once do not mix", async () => {
      const signer = await start();
      const signed = await Promise.all(Array.from({ length: 8 }, (_, index) => sign(signer, { sub: `user-${index}` })));
      const checked = await Promise.all(
        signed.map(({ signingInput, signature }) => holds(signer, signingInput, signature)),
      );
      expect(checked).toEqual(signed.map(() => true));
    });
  });
}

interface Signed {
  readonly signingInput: string;
  readonly signature: string;
}

async function sign(signer: Signer, payload: object): Promise<Signed> {
  const { alg, kid } = signer;
  const signingInput = toSigningInput({ alg, kid, typ: "JWT" }, { ...payload });
  const signature = (await signCompactJws(signer, signingInput)).slice(signingInput.length + 1);
  return { signingInput, signature };
}

/** Whether the public half verifies what was signed, by the code that edges use. */
async function holds({ jwk, kid }: Signer, signingInput: string, signature: string): Promise<boolean> {
  const key = given(await importVerificationKey(jwk, kid));
  return verifySignature(key, valueOf(parseCompactJws(`${signingInput}.${signature}`)));
}
