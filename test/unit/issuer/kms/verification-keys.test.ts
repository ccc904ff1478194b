/** How long the Node verifier uses a public key without asking KMS again, and which keys it refuses to use at all. */
import { CreateAliasCommand, DisableKeyCommand, UpdateAliasCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Kms } from "../../../../issuer/kms/port.ts";
import { errorOf } from "../../../support/values.ts";
import { startVerifierBench } from "../verifier-support.ts";
import type { VerifierBench } from "../verifier-support.ts";

let bench: VerifierBench;
beforeAll(async () => {
  bench = await startVerifierBench();
});
afterAll(() => bench.aws.close());
afterEach(() => {
  bench.aws.emulator.faults.clear();
  bench.aheadSeconds = 0;
});

describe("public keys", () => {
  test("are asked for once within their time to live, and again after it", async () => {
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 60, maxTokenTtlSeconds: 7200 });
    const { token } = await bench.issue("ES256", { ttlSeconds: 3600 });
    const start = bench.aws.emulator.requests.GetPublicKey;
    await Promise.all([verifier.verify(token), verifier.verify(token), verifier.verify(token)]);
    bench.aheadSeconds = 59;
    await verifier.verify(token);
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(1);
    bench.aheadSeconds = 60;
    await verifier.verify(token);
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(2);
    bench.aheadSeconds = 0;
    await verifier.verify(token);
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(3);
  });

  test("that an earlier call still waits for are asked for again a second later: its process may have been frozen", async () => {
    const { kms } = bench.aws;
    const { promise: never } = Promise.withResolvers<never>();
    let asked = 0;
    const freezing: Kms = { ...kms, getPublicKey: (keyId) => ((asked += 1) === 1 ? never : kms.getPublicKey(keyId)) };
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 60, kms: freezing });
    const { token } = await bench.issue("ES256");
    void verifier.verify(token);
    bench.aheadSeconds = 1;
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    expect(asked).toBe(2);
  });

  test("are forgotten on demand", async () => {
    const verifier = bench.verifierFor("ES256");
    const { token } = await bench.issue("ES256");
    const start = bench.aws.emulator.requests.GetPublicKey;
    await verifier.verify(token);
    verifier.clearPublicKeyCache();
    await verifier.verify(token);
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(2);
  });

  test("that could not be had are asked for again by the next token", async () => {
    const verifier = bench.verifierFor("ES256");
    const { token } = await bench.issue("ES256");
    bench.aws.emulator.faults.add({ operation: "GetPublicKey", kind: "expired_credentials", times: 1 });
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_credentials_expired" });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("bound how long a disabled key goes on verifying in local mode", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    const { token } = await bench.issue("ES256", { ttlSeconds: 3600 }, keyId);
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 60 }, keyId);
    await verifier.verify(token);
    await bench.aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    bench.aheadSeconds = 59;
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    bench.aheadSeconds = 60;
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
  });

  test("of a key that does not fit the algorithm are refused by name", async () => {
    const { token } = await bench.issue("ES256");
    const verifier = bench.verifierFor("ES256", {}, bench.keyFor("ES384"));
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_key_unfit" });
  });

  test("of a key that is not for signing are refused by name", async () => {
    const { token } = await bench.issue("RS256");
    const verifier = bench.verifierFor("RS256", {}, await bench.aws.createKey("RSA_2048", "ENCRYPT_DECRYPT"));
    await expect(verifier.verify(token)).rejects.toThrow("RSA_2048 (ENCRYPT_DECRYPT)");
  });

  test("of a key that KMS does not know any more are revoked, and never known ones are an error", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    const { token } = await bench.issue("ES256", {}, keyId);
    let deleted = false;
    const kms = {
      ...bench.aws.kms,
      getPublicKey: (name: string) => bench.aws.kms.getPublicKey(deleted ? "alias/gone" : name),
    };
    const verifier = bench.verifierFor("ES256", { kms }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    deleted = true;
    verifier.clearPublicKeyCache();
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
    const stranger = bench.verifierFor("ES256", {}, "alias/gone");
    await expect(stranger.verify(token)).rejects.toMatchObject({ code: "kms_key_not_found" });
  });
});

describe("an unknown kid", () => {
  test("causes one look at KMS: an alias that names another key by now is followed, and what was known stays known", async () => {
    const alias = "alias/moving";
    const [first, second] = [await bench.aws.createKey("ECC_NIST_P256"), await bench.aws.createKey("ECC_NIST_P256")];
    await bench.aws.client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: first }));
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 300 }, alias);
    const old = await bench.issue("ES256", {}, first);
    const young = await bench.issue("ES256", {}, second);
    expect(await verifier.verify(old.token)).toMatchObject({ ok: true });
    await bench.aws.client.send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: second }));
    const start = bench.aws.emulator.requests.GetPublicKey;
    for (const { token } of [young, old, young]) expect(await verifier.verify(token)).toMatchObject({ ok: true });
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(1);
  });

  test("that an earlier call still waits for is waited for by no call a second later: its process may have been frozen", async () => {
    const { kms } = bench.aws;
    const { promise: never } = Promise.withResolvers<never>();
    let asked = 0;
    const freezing: Kms = { ...kms, getPublicKey: (keyId) => ((asked += 1) === 2 ? never : kms.getPublicKey(keyId)) };
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 300, kms: freezing });
    await verifier.verify((await bench.issue("ES256")).token);
    const other = await bench.issue("ES256", {}, await bench.aws.createKey("ECC_NIST_P256"));
    void verifier.verify(other.token);
    await vi.waitFor(() => expect(asked).toBe(2));
    bench.aheadSeconds = 1;
    expect(errorOf(await verifier.verify(other.token)).code).toBe("kid_unknown");
    expect(asked).toBe(2);
  });

  test("of many tokens at once is waited for by all of them: none of a key that is new is refused", async () => {
    const alias = "alias/moving-under-load";
    const [first, second] = [await bench.aws.createKey("ECC_NIST_P256"), await bench.aws.createKey("ECC_NIST_P256")];
    await bench.aws.client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: first }));
    const verifier = bench.verifierFor("ES256", { publicKeyTtlSeconds: 300 }, alias);
    await verifier.verify((await bench.issue("ES256", {}, first)).token);
    await bench.aws.client.send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: second }));
    const { token } = await bench.issue("ES256", {}, second);
    const start = bench.aws.emulator.requests.GetPublicKey;
    const answers = await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)));
    expect(answers.filter(({ ok }) => !ok)).toEqual([]);
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(1);
  });

  test("that is invented asks KMS once in 30 s, and is no fault while KMS fails", async () => {
    const verifier = bench.verifierFor("ES256");
    const good = await bench.issue("ES256");
    await verifier.verify(good.token);
    const foreign = await bench.aws.createKey("ECC_NIST_P256");
    const { token } = await bench.issue("ES256", {}, foreign);
    const start = bench.aws.emulator.requests.GetPublicKey;
    for (let round = 0; round < 5; round += 1) expect(errorOf(await verifier.verify(token)).code).toBe("kid_unknown");
    expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(1);
    bench.aheadSeconds = 30;
    bench.aws.emulator.faults.add({ operation: "GetPublicKey", kind: "access_denied" });
    expect(errorOf(await verifier.verify(token)).code).toBe("kid_unknown");
    expect(await verifier.verify(good.token)).toMatchObject({ ok: true });
  });
});
