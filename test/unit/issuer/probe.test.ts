/** The signature of a probe is of no use to anybody else. */
import { expect, test } from "vitest";
import { probeSigner } from "../../../issuer/probe.ts";
import { parseJwsHeader } from "../../../shared/jws.ts";
import { createLocalSigner } from "../../support/local-signer.ts";
import { valueOf } from "../../support/values.ts";

test("a probe signs once, a type that no verifier accepts, and passes on what the signer throws", async () => {
  const signer = await createLocalSigner("ES256");
  const signed: string[] = [];
  await probeSigner({
    ...signer,
    sign: (input) => {
      signed.push(input);
      return signer.sign(input);
    },
  });
  expect(signed).toHaveLength(1);
  expect(valueOf(parseJwsHeader((signed[0] ?? "").split(".")[0] ?? "")).typ).toBe("sealgate-readiness");
  const failing = { ...signer, sign: () => Promise.reject(new Error("no")) };
  await expect(probeSigner(failing)).rejects.toThrow("no");
});
