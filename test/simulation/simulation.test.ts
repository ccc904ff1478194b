/** A hundred histories: the promises hold, one seed gives one history, and the cheap signatures are real ones. */
import { afterAll, describe, expect, test } from "vitest";
import { readSpki } from "../../issuer/kms/public-key.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import { messageFor, toJoseSignature } from "../../issuer/kms/signature.ts";
import { algorithmOf } from "../../shared/algorithms.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import { installCheapCrypto, poolKey } from "./cheap-crypto.ts";
import { createCoverage } from "./coverage.ts";
import { drawSchedule } from "./draw.ts";
import { live } from "./world.ts";

describe("cheap signatures", () => {
  test.each([
    ["ES256", "ECC_NIST_P256"],
    ["ES384", "ECC_NIST_P384"],
    ["EdDSA", "ECC_NIST_EDWARDS25519"],
    ["RS256", "RSA_2048"],
    ["PS384", "RSA_2048"],
  ] as const)("hold under the platform's own WebCrypto, and only for what was signed: %s", async (alg, spec) => {
    const key = poolKey(spec, 1);
    const read = await readSpki(key.spki, alg);
    if (!read.ok) throw new TypeError(read.error);
    const signature = toJoseSignature(alg, key.sign(messageFor(alg, "a.b"), kmsAlgorithmOf(alg).signingAlgorithm));
    const imported = await importVerificationKey(read.value.jwk, read.value.kid);
    if (signature === undefined || imported === undefined) throw new TypeError("a pool key is a real key");
    const verify = (text: string): Promise<boolean> =>
      crypto.subtle.verify(algorithmOf(alg).params, imported.cryptoKey, signature, new TextEncoder().encode(text));
    expect([await verify("a.b"), await verify("a.c")]).toEqual([true, false]);
    const restore = installCheapCrypto();
    const cheap = await importVerificationKey(read.value.jwk, read.value.kid);
    const answers = [];
    for (const text of ["a.b", "a.c"]) {
      const data = new TextEncoder().encode(text);
      if (cheap !== undefined)
        answers.push(await crypto.subtle.verify(algorithmOf(alg).params, cheap.cryptoKey, signature, data));
    }
    restore();
    expect(answers).toEqual([true, false]);
  });
});

/**
 * The same each time, so that no change is refused for a history that has nothing to do with it. New histories are looked for
 * beside every change and each night (`npm run simulate`, under a new seed each time).
 */
const SEED = "every change";

const HISTORIES = 100;
const PARTS = 10;

describe(`${HISTORIES} histories, seed ${SEED}`, () => {
  const coverage = createCoverage();
  let restore = (): void => {};
  afterAll(() => restore());

  test.each(Array.from({ length: PARTS }, (_, part) => part))("break no promise, part %i", async (part) => {
    restore = installCheapCrypto();
    const broken: string[] = [];
    for (let index = 0; index < HISTORIES / PARTS; index++) {
      const schedule = drawSchedule(`${SEED}-${part}${index}`);
      const { violations, coverage: seen } = await live(schedule, {});
      coverage.add(seen);
      for (const { invariant, detail } of violations)
        broken.push(`${invariant}: ${detail}; npm run simulate -- --replay ${schedule.seed}`);
    }
    expect(broken).toEqual([]);
  });

  test("have seen what is never far", () => {
    const { counts, worsts } = coverage.report();
    // What is in every hundred histories, whatever the seed.
    const needed = [
      "moves of active", "crashes", "pauses", "lost answers", "failed calls", "reads during an outage", "stale reads of KV",
      "forged tokens", "deed: revoke", "deed: strike", "deed: outage", "step publish superseded",
      "requests answered from last_good", "requests to consumers of the plain JWK Set", "revoked token within S",
    ]; // prettier-ignore
    expect(needed.filter((what) => (counts[what] ?? 0) === 0)).toEqual([]);
    // The aimed requests do come close to S: without that, an upper bound would say nothing.
    const { seconds, boundSeconds } = worsts["revoked key accepted after its tombstone: S"] ?? {
      seconds: 0,
      boundSeconds: 1,
    };
    expect(seconds / boundSeconds).toBeGreaterThan(0.7);
  });

  test("are the same again for the same seed", async () => {
    const [first, second] = [await live(drawSchedule(SEED), {}), await live(drawSchedule(SEED), {})];
    expect(second).toEqual(first);
  });
});
