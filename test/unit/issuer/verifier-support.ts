/** What the tests of the Node verifier share: an embedded KMS with a key for each algorithm, tokens, and a clock that can run ahead. */
import { createIssuer } from "../../../issuer/issuer.ts";
import type { IssuedToken, SignOptions } from "../../../issuer/issuer.ts";
import { kmsAlgorithmOf } from "../../../issuer/kms/algorithms.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import type { KmsVerifier, KmsVerifierSettings } from "../../../issuer/verifier.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { given } from "../../support/values.ts";

export const ISSUER = "https://auth.example.com";

export interface VerifierBench {
  readonly aws: TestKms;
  /** The verifiers' clock is ahead of the issuers' by this much; by itself it stands still. */
  aheadSeconds: number;
  /** One key for each algorithm; the RSA algorithms share one. */
  keyFor(alg: Alg): string;
  settings(changes?: Partial<KmsVerifierSettings>): KmsVerifierSettings;
  verifierFor(alg: Alg, changes?: Partial<KmsVerifierSettings>, keyId?: string): KmsVerifier;
  issue(alg: Alg, options?: SignOptions, keyId?: string): Promise<IssuedToken>;
}

export async function startVerifierBench(): Promise<VerifierBench> {
  const aws = await startTestKms();
  const startedMs = Date.now();
  const bySpec = new Map<string, string>();
  const keyArns = new Map<Alg, string>();
  for (const alg of ALGS) {
    const [spec] = kmsAlgorithmOf(alg).keySpecs;
    const keyArn = bySpec.get(spec) ?? (await aws.createKey(spec));
    bySpec.set(spec, keyArn);
    keyArns.set(alg, keyArn);
  }
  const bench: VerifierBench = {
    aws,
    aheadSeconds: 0,
    keyFor: (alg) => given(keyArns.get(alg)),
    settings: (changes = {}) => ({
      issuer: ISSUER,
      audiences: ["api"],
      mode: "local",
      publicKeyTtlSeconds: 300,
      kms: aws.kms,
      clock: () => epochSecondsFromMs(startedMs + bench.aheadSeconds * 1000),
      ...changes,
    }),
    verifierFor: (alg, changes = {}, keyId = bench.keyFor(alg)) =>
      createKmsVerifier({ ...bench.settings(changes), keyId, alg }),
    async issue(alg, options = {}, keyId = bench.keyFor(alg)) {
      const signer = await createKmsSigner({ keyId, alg, kms: aws.kms });
      const issuer = createIssuer({
        issuer: ISSUER,
        signer,
        maxTokenTtlSeconds: 7200,
        clock: () => epochSecondsFromMs(startedMs),
      });
      return issuer.sign({ sub: "u" }, { audience: "api", ...options });
    },
  };
  return bench;
}
