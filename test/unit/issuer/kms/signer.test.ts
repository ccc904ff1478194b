/** A signer over a KMS key: what KMS is sent, which keys are refused at start, and that no bad signature gets out. */
import { generateKeyPairSync } from "node:crypto";
import {
  CreateAliasCommand,
  DisableKeyCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import { importJWK, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { kmsAlgorithmOf } from "../../../../issuer/kms/algorithms.ts";
import type { Kms, KmsSignRequest } from "../../../../issuer/kms/port.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import { ALGS, algorithmOf } from "../../../../shared/algorithms.ts";
import type { Alg } from "../../../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../../../shared/identifiers.ts";
import { calculateThumbprint } from "../../../../shared/jwk.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { given } from "../../../support/values.ts";

const ISSUER = "https://auth.example.com";
const INPUT = "eyJhbGciOiJ4In0.eyJhIjoxfQ";

let aws: TestKms;
/** One key for each algorithm; the RSA algorithms share one. */
const keyArns = new Map<Alg, string>();

beforeAll(async () => {
  aws = await startTestKms();
  const bySpec = new Map<string, Promise<string>>();
  for (const alg of ALGS) {
    const [spec] = kmsAlgorithmOf(alg).keySpecs;
    const made = bySpec.get(spec) ?? aws.createKey(spec);
    bySpec.set(spec, made);
    keyArns.set(alg, await made);
  }
});
afterAll(() => aws.close());
afterEach(() => aws.emulator.faults.clear());

function keyFor(alg: Alg): string {
  return given(keyArns.get(alg));
}

/** The port with each Sign request recorded on its way. */
function recording(requests: KmsSignRequest[]): Kms {
  return {
    ...aws.kms,
    sign: (request) => {
      requests.push(request);
      return aws.kms.sign(request);
    },
  };
}

describe.each(ALGS)("a signer for %s", (alg) => {
  test("makes tokens that jose verifies with the published key", async () => {
    const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: aws.kms });
    const issuer = createIssuer({ issuer: ISSUER, signer, maxTokenTtlSeconds: 600 });
    const { token } = await issuer.sign({ sub: "u" }, { audience: "api" });
    const key = await importJWK({ ...signer.jwk }, alg);
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [alg],
      issuer: ISSUER,
      audience: "api",
    });
    expect(payload.sub).toBe("u");
    expect(protectedHeader).toEqual({ alg, kid: await calculateThumbprint(signer.jwk), typ: "JWT" });
  });

  test("names the key it was resolved to, never what it was called by", async () => {
    const requests: KmsSignRequest[] = [];
    const keyArn = keyFor(alg);
    const keyId = given(keyArn.split("/")[1]);
    const signer = await createKmsSigner({ keyId, alg, kms: recording(requests) });
    await signer.sign(INPUT);
    expect(signer.keyArn).toBe(keyArn);
    expect(requests).toMatchObject([{ keyArn, signingAlgorithm: kmsAlgorithmOf(alg).signingAlgorithm }]);
  });
});

describe("what leaves the host", () => {
  test.each(ALGS.filter((alg) => alg !== "EdDSA"))(
    "is only a hash for %s, whatever the size of the claims",
    async (alg) => {
      const requests: KmsSignRequest[] = [];
      const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: recording(requests) });
      await signer.sign(`${INPUT}${"A".repeat(12_000)}`);
      const algorithm = algorithmOf(alg);
      const hashBytes = algorithm.kty === "OKP" ? 0 : Number(algorithm.hash.slice(4)) / 8;
      expect(requests.map(({ messageType, message }) => [messageType, message.length])).toEqual([
        ["DIGEST", hashBytes],
      ]);
    },
  );

  test("is the signing input for EdDSA, up to 4096 bytes and with advice beyond", async () => {
    const requests: KmsSignRequest[] = [];
    const signer = await createKmsSigner({ keyId: keyFor("EdDSA"), alg: "EdDSA", kms: recording(requests) });
    expect(await signer.sign("A".repeat(4096))).toHaveLength(64);
    const tooLarge = signer.sign("A".repeat(4097));
    await expect(tooLarge).rejects.toMatchObject({ code: "kms_message_too_large", retryable: false });
    await expect(tooLarge).rejects.toThrow(/4096 bytes.*4097.*ES256/);
    expect(requests).toHaveLength(1);
  });
});

describe("a key can be named", () => {
  test("by id, ARN, alias name and alias ARN, all with the same kid", async () => {
    const keyArn = keyFor("ES256");
    await aws.client.send(new CreateAliasCommand({ AliasName: "alias/named", TargetKeyId: keyArn }));
    const names = [
      given(keyArn.split("/")[1]),
      keyArn,
      "alias/named",
      `arn:aws:kms:${aws.emulator.region}:${aws.emulator.accountId}:alias/named`,
    ];
    const signers = await Promise.all(names.map((keyId) => createKmsSigner({ keyId, alg: "ES256", kms: aws.kms })));
    expect(new Set(signers.map(({ kid }) => kid)).size).toBe(1);
    expect(signers.map((signer) => signer.keyArn)).toEqual(names.map(() => keyArn));
  });

  test("by an alias that then moves: the signer stays with its key", async () => {
    const [first, second] = [keyFor("ES256"), await aws.createKeyFor("ES256")];
    await aws.client.send(new CreateAliasCommand({ AliasName: "alias/moving", TargetKeyId: first }));
    const signer = await createKmsSigner({ keyId: "alias/moving", alg: "ES256", kms: aws.kms });
    await aws.client.send(new UpdateAliasCommand({ AliasName: "alias/moving", TargetKeyId: second }));
    await expect(signer.sign(INPUT)).resolves.toHaveLength(64);
    expect(signer.keyArn).toBe(first);
  });

  test("by an alias that moves while the signer is made: ARN and public key are of one key", async () => {
    const [first, second] = [keyFor("ES256"), await aws.createKeyFor("ES256")];
    await aws.client.send(new CreateAliasCommand({ AliasName: "alias/racing", TargetKeyId: first }));
    const described = await aws.kms.describeKey("alias/racing");
    await aws.client.send(new UpdateAliasCommand({ AliasName: "alias/racing", TargetKeyId: second }));
    const kms: Kms = { ...aws.kms, describeKey: async () => described };
    const signer = await createKmsSigner({ keyId: "alias/racing", alg: "ES256", kms });
    expect(signer.keyArn).toBe(first);
    await expect(signer.sign(INPUT)).resolves.toHaveLength(64);
  });
});

describe("a key that does not fit is refused at the start", () => {
  test.each([
    ["ECC_SECG_P256K1", "SIGN_VERIFY", "ES256"],
    ["HMAC_256", "GENERATE_VERIFY_MAC", "ES256"],
    ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RS256"],
    ["RSA_2048", "ENCRYPT_DECRYPT", "RS256"],
    ["ECC_NIST_P256", "KEY_AGREEMENT", "ES256"],
    ["ECC_NIST_P384", "SIGN_VERIFY", "ES256"],
    ["ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "PS512"],
  ] as const)("%s for %s, asked to do %s: named in the error", async (spec, usage, alg) => {
    const keyId = await aws.createKey(spec, usage);
    const signer = createKmsSigner({ keyId, alg, kms: aws.kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_key_unfit", retryable: false });
    await expect(signer).rejects.toThrow(`${spec} (${usage})`);
    await expect(signer).rejects.toThrow(`${alg} needs ${kmsAlgorithmOf(alg).keySpecs[0]}`);
  });

  test("a disabled one", async () => {
    const keyId = await aws.createKeyFor("ES256");
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    const signer = createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_key_disabled" });
  });

  test("one that waits for its deletion", async () => {
    const keyId = await aws.createKeyFor("ES256");
    await aws.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    const signer = createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_key_pending_deletion" });
  });

  test("one in any other state", async () => {
    const kms: Kms = {
      ...aws.kms,
      describeKey: async (keyId) => ({ ...(await aws.kms.describeKey(keyId)), keyState: "Creating" }),
    };
    const signer = createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_key_unavailable", retryable: true });
    await expect(signer).rejects.toThrow("Creating");
  });

  test("one that does not exist", async () => {
    const signer = createKmsSigner({ keyId: "alias/nobody", alg: "ES256", kms: aws.kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_key_not_found" });
    await expect(signer).rejects.toThrow("alias/nobody");
  });

  test("options that make no sense", async () => {
    await expect(createKmsSigner({ keyId: "", alg: "ES256", kms: aws.kms })).rejects.toThrow(TypeError);
    // @ts-expect-error -- what a caller in JavaScript can do
    await expect(createKmsSigner({ keyId: "alias/a", alg: "HS256", kms: aws.kms })).rejects.toThrow(TypeError);
    await expect(
      createKmsSigner({ keyId: "alias/a", alg: "ES256", kms: aws.kms, maxClockSkewSeconds: Number.NaN }),
    ).rejects.toThrow(TypeError);
  });
});

describe("a KMS that is broken never gets a signature out", () => {
  test.each(ALGS)("%s: a signature by another key", async (alg) => {
    const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: aws.kms });
    aws.emulator.faults.add({ operation: "Sign", kind: "wrong_key", times: 1 });
    await expect(signer.sign(INPUT)).rejects.toMatchObject({ code: "kms_bad_signature" });
    await expect(signer.sign(INPUT)).resolves.toBeInstanceOf(Uint8Array);
  });

  test.each(ALGS)("%s: a digest that was hashed once more", async (alg) => {
    const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: aws.kms });
    aws.emulator.faults.add({ operation: "Sign", kind: "double_hash" });
    await expect(signer.sign(INPUT)).rejects.toMatchObject({ code: "kms_bad_signature" });
  });

  test.each(["PS256", "PS384", "PS512"] as const)("%s: a salt of another length than the hash", async (alg) => {
    const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: aws.kms });
    aws.emulator.faults.add({ operation: "Sign", kind: "wrong_salt" });
    await expect(signer.sign(INPUT)).rejects.toMatchObject({ code: "kms_bad_signature" });
  });

  test.each(ALGS)("%s: bytes that are no signature", async (alg) => {
    const signer = await createKmsSigner({ keyId: keyFor(alg), alg, kms: aws.kms });
    aws.emulator.faults.add({ operation: "Sign", kind: "garbled_signature" });
    await expect(signer.sign(INPUT)).rejects.toMatchObject({ code: "kms_bad_signature" });
  });

  test("an answer that names another key, even if the signature holds", async () => {
    const signer = await createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms: aws.kms });
    aws.emulator.faults.add({ operation: "Sign", kind: "wrong_key_id" });
    await expect(signer.sign(INPUT)).rejects.toMatchObject({ code: "kms_wrong_key", retryable: false });
  });

  test("a public key of another key than asked", async () => {
    const other = await aws.createKeyFor("ES256");
    const kms: Kms = { ...aws.kms, getPublicKey: () => aws.kms.getPublicKey(other) };
    const signer = createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms });
    await expect(signer).rejects.toMatchObject({ code: "kms_wrong_key" });
  });

  test("a public key that is none, or too weak for an edge", async () => {
    const spkiOf = (spki: Uint8Array): Kms => ({
      ...aws.kms,
      getPublicKey: async (keyId) => ({ ...(await aws.kms.getPublicKey(keyId)), spki }),
    });
    const noKey = createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms: spkiOf(Uint8Array.of(1, 2, 3)) });
    await expect(noKey).rejects.toThrow("not_spki");
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const weak = publicKey.export({ format: "der", type: "spki" });
    const weakKey = createKmsSigner({ keyId: keyFor("RS256"), alg: "RS256", kms: spkiOf(weak) });
    await expect(weakKey).rejects.toThrow("modulus_too_small");
    await expect(weakKey).rejects.toMatchObject({ code: "kms_key_unfit" });
  });
});

describe("this host's clock", () => {
  const HOUR_MS = 3_600_000;

  async function signAt(offsetSeconds: number): Promise<Uint8Array> {
    const clock = (): ReturnType<typeof epochSecondsFromMs> => epochSecondsFromMs(Date.now() + offsetSeconds * 1000);
    const signer = await createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms: aws.kms, clock });
    return signer.sign(INPUT);
  }

  test.each([-600, -120, 120, 600])(
    "off by %d seconds from KMS's: no signature, and the error says so",
    async (offset) => {
      await expect(signAt(offset)).rejects.toMatchObject({ code: "kms_clock_skewed" });
      await expect(signAt(offset)).rejects.toThrow(offset > 0 ? /\d+ s ahead of KMS's/ : /\d+ s behind KMS's/);
    },
  );

  test.each([-30, 0, 30])("off by %d seconds is within what edges allow", async (offset) => {
    await expect(signAt(offset)).resolves.toHaveLength(64);
  });

  test("is not blamed when it is KMS's answer that took long", async () => {
    const start = Date.now();
    const times = [epochSecondsFromMs(start), epochSecondsFromMs(start + HOUR_MS)];
    const clock = (): ReturnType<typeof epochSecondsFromMs> => given(times.shift());
    const signer = await createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms: aws.kms, clock });
    await expect(signer.sign(INPUT)).resolves.toHaveLength(64);
  });

  test("is not judged by an answer without a date", async () => {
    const kms: Kms = {
      ...aws.kms,
      sign: async (request) => ({ ...(await aws.kms.sign(request)), serverTime: undefined }),
    };
    const clock = (): ReturnType<typeof epochSecondsFromMs> => epochSecondsFromMs(0);
    const signer = await createKmsSigner({ keyId: keyFor("ES256"), alg: "ES256", kms, clock });
    await expect(signer.sign(INPUT)).resolves.toHaveLength(64);
  });
});
