/** A few hundred histories: the promises hold, one seed gives one history, and the cheap signatures are real ones. */
import { afterAll, describe, expect, test } from "vitest";
import { readSpki } from "../../issuer/kms/public-key.ts";
import { messageFor, toJoseSignature } from "../../issuer/kms/signature.ts";
import { algorithmOf } from "../../shared/algorithms.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import { installCheapCrypto, poolKey } from "./cheap-crypto.ts";
import { createCoverage } from "./coverage.ts";
import { drawSchedule } from "./schedule.ts";
import { live } from "./world.ts";

describe("cheap signatures", () => {
  test.each([
    ["ES256", "ECC_NIST_P256"],
    ["ES384", "ECC_NIST_P384"],
    ["EdDSA", "ECC_NIST_EDWARDS25519"],
  ] as const)("hold under the platform's own WebCrypto, and only for what was signed: %s", async (alg, spec) => {
    const key = poolKey(spec, 1);
    const read = await readSpki(key.spki, alg);
    if (!read.ok) throw new TypeError(read.error);
    const signature = toJoseSignature(alg, key.sign(messageFor(alg, "a.b")));
    const imported = await importVerificationKey(read.value.jwk, read.value.kid);
    if (signature === undefined || imported === undefined) throw new TypeError("a pool key is a real key");
    const verify = (text: string): Promise<boolean> =>
      crypto.subtle.verify(
        algorithmOf(alg).verifyParams,
        imported.cryptoKey,
        signature,
        new TextEncoder().encode(text),
      );
    expect([await verify("a.b"), await verify("a.c")]).toEqual([true, false]);
    const restore = installCheapCrypto();
    const cheap = await importVerificationKey(read.value.jwk, read.value.kid);
    const answers = [];
    for (const text of ["a.b", "a.c"]) {
      const data = new TextEncoder().encode(text);
      if (cheap !== undefined)
        answers.push(await crypto.subtle.verify(algorithmOf(alg).verifyParams, cheap.cryptoKey, signature, data));
    }
    restore();
    expect(answers).toEqual([true, false]);
  });
});

describe("300 histories", () => {
  const coverage = createCoverage();
  let restore = (): void => {};
  afterAll(() => restore());

  test.each(Array.from({ length: 12 }, (_, part) => part))("break no promise, part %i", async (part) => {
    restore = installCheapCrypto();
    const broken: unknown[] = [];
    for (let index = 0; index < 25; index++) {
      const schedule = drawSchedule(`suite-${part * 25 + index}`);
      const history = await live(schedule, {});
      coverage.add(history.coverage);
      broken.push(...history.violations.map((violation) => ({ seed: schedule.seed, violation })));
    }
    expect(broken).toEqual([]);
  });

  test("have seen every kind of trouble", () => {
    const { counts, worsts } = coverage.report();
    const needed = [
      "rotations: due", "rotations: requested", "rotations: revoked", "crashes", "pauses", "late writes", "lost writes",
      "lost answers", "failed calls", "reads during an outage", "stale reads of KV", "reads that found nothing",
      "an earlier document put back", "a document signed by somebody else", "KV emptied", "forged tokens",
      "revoked keys enabled again", "deed: adopt", "deed: policy", "deed: hand_move", "aliases taken",
      "step publish superseded", "step publish too_late", "published: renewal", "published: rolled_back",
      "step schedule_deletion done", "requests answered from bootstrap", "requests answered from last_good",
    ]; // prettier-ignore
    expect(needed.filter((what) => (counts[what] ?? 0) === 0)).toEqual([]);
    // The aimed requests do come close to S: without that, an upper bound would say nothing.
    expect(worsts["revocation with S of 270 s"]).toBeGreaterThan(240);
  });

  test("are the same again for the same seed", async () => {
    const [first, second] = [await live(drawSchedule("again"), {}), await live(drawSchedule("again"), {})];
    expect(second).toEqual(first);
  });
});
