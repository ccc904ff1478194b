/** Options that mean nothing, or hold another kind of value, are refused by every function of the issuer that takes options. */
import { beforeAll, describe, expect, test } from "vitest";
import { createAwsKms, createCloudflareKvPublisher, createIssuer, createKmsSigner } from "../../../issuer/index.ts";
import { createKmsVerifier, createRingPolicy, createRingSource, exportPublicKey } from "../../../issuer/index.ts";
import { SealgateError } from "../../../issuer/index.ts";
import type { Issuer, Signer } from "../../../issuer/index.ts";
import { createLocalSigner } from "../../support/local-signer.ts";

const ISSUER = "https://auth.example.com";
const KV = { baseUrl: "http://127.0.0.1:1/a", namespaceId: "0".repeat(32) };

let signer: Signer;
let issuer: Issuer;
beforeAll(async () => {
  signer = await createLocalSigner("ES256");
  issuer = createIssuer({ issuer: ISSUER, signer, maxTokenTtlSeconds: 3600 });
});

/** Calls a function as JavaScript does, and answers what it throws. */
async function refusal(call: object, ...args: readonly unknown[]): Promise<unknown> {
  if (typeof call !== "function") throw new Error("the test expected a function");
  try {
    await Reflect.apply(call, undefined, [...args]);
  } catch (error) {
    return error;
  }
  return "accepted";
}

describe("sign", () => {
  test.each([
    [{ ttl: 3600 }, "ttl (use ttlSeconds)"],
    [{ expiresIn: "1h" }, "expiresIn (use ttlSeconds"],
    [{ TTLSeconds: 3600 }, "TTLSeconds (use ttlSeconds)"],
    [{ kid: "key-1" }, "kid (use nothing: the kid is the key's thumbprint)"],
    [{ subject: "u" }, "subject (use the claim sub)"],
    [{ surprise: 1, ttlSeconds: 60 }, "surprise"],
    [{ "a b": 1 }, "one that is no plain word"],
    [3600, "must be an object"],
    [null, "must be an object"],
    [["api"], "must be an object"],
  ])("refuses %j", async (options, message) => {
    const error = await refusal(issuer.sign.bind(issuer), { sub: "u", aud: "api" }, options);
    expect(error).toBeInstanceOf(SealgateError);
    expect(error).toMatchObject({ code: "input_invalid", message: expect.stringContaining(message) });
  });
});

describe("a function that makes something", () => {
  test.each([
    ["createIssuer", createIssuer, () => ({ issuer: ISSUER, signer, maxTokenTtlSeconds: 60 }), { ttlSeconds: 60 }],
    ["createKmsSigner", createKmsSigner, () => ({ keyId: "alias/a", alg: "ES256" }), { kid: "key-1" }],
    ["createKmsSigner", createKmsSigner, () => ({ keyId: "alias/a", alg: "ES256" }), { ttl: 3600 }],
    ["createAwsKms", createAwsKms, () => ({}), { max_sockets: 5 }],
    ["createAwsKms", createAwsKms, () => ({}), { credentials: {} }],
    [
      "createKmsVerifier",
      createKmsVerifier,
      () => ({ issuer: ISSUER, audiences: ["a"], mode: "local", publicKeyTtlSeconds: 60, keyId: "a", alg: "ES256" }),
      { audience: "b" },
    ],
    ["createRingPolicy", createRingPolicy, () => ({ ring: "main", issuer: ISSUER }), { rotateEvery: 60 }],
    ["createRingPolicy", createRingPolicy, () => ({ ring: "main", issuer: ISSUER }), { timing: { clockSkew: 60 } }],
    ["createRingPolicy", createRingPolicy, () => ({ ring: "main", issuer: ISSUER }), { maxTokenTtlSeconds: 60 }],
    ["createCloudflareKvPublisher", createCloudflareKvPublisher, () => KV, { token: "secret" }],
  ] as const)("%s refuses an option that means nothing there", async (name, make, options, more) => {
    const error = await refusal(make, { ...options(), ...more });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: expect.stringMatching(new RegExp(`^${name}.* mean nothing here: \\w+`)) });
  });

  test("createRingSource and exportPublicKey refuse it as well", async () => {
    const policy = createRingPolicy({ ring: "main", issuer: ISSUER });
    expect(await refusal(createRingSource, policy, { client: {} })).toBeInstanceOf(TypeError);
    expect(await refusal(exportPublicKey, "alias/a", "pem", { region: "eu-central-1" })).toBeInstanceOf(TypeError);
    expect(await refusal(exportPublicKey, "alias/a", "der")).toBeInstanceOf(TypeError);
  });

  test("a promise of a signer, and a policy in place of a ring, are named", async () => {
    const options = { issuer: ISSUER, maxTokenTtlSeconds: 60 };
    const policy = createRingPolicy({ ring: "main", issuer: ISSUER });
    expect(String(await refusal(createIssuer, { ...options, signer: Promise.resolve(signer) }))).toContain("await it");
    expect(String(await refusal(createIssuer, { ...options, ring: policy }))).toContain("createRingSource(policy)");
  });
});

describe("what the types demand is checked, for callers in JavaScript", () => {
  const KEY = { keyId: "alias/a", alg: "ES256" };
  const VERIFIER = { ...KEY, issuer: ISSUER, audiences: ["a"], mode: "local", publicKeyTtlSeconds: 300 };

  test.each([
    ["createIssuer", createIssuer, () => ({ issuer: ISSUER, maxTokenTtlSeconds: 60, signer }), { clock: 5 }],
    ["createIssuer", createIssuer, () => ({ issuer: ISSUER, maxTokenTtlSeconds: 60, signer }), { newJti: "id" }],
    ["createIssuer", createIssuer, () => ({ issuer: ISSUER, signer }), { maxTokenTtlSeconds: "60" }],
    ["createKmsSigner", createKmsSigner, () => KEY, { clock: 5 }],
    ["createKmsSigner", createKmsSigner, () => KEY, { maxClockSkewSeconds: Number.NaN }],
    ["createKmsVerifier", createKmsVerifier, () => VERIFIER, { clock: 5 }],
    ["createKmsVerifier", createKmsVerifier, () => VERIFIER, { publicKeyTtlSeconds: undefined }],
    ["createAwsKms", createAwsKms, () => ({}), { maxSockets: Number.NaN }],
    ["createCloudflareKvPublisher", createCloudflareKvPublisher, () => KV, { fetch: "https" }],
    ["createCloudflareKvPublisher", createCloudflareKvPublisher, () => KV, { deadlineMs: Number.NaN }],
  ] as const)("%s refuses a value of another kind", async (_name, make, options, wrong) => {
    expect(await refusal(make, { ...options(), ...wrong })).toBeInstanceOf(TypeError);
  });

  test.each<[string, object]>([
    ["no jti", { newJti: () => undefined }],
    ["an empty jti", { newJti: () => "" }],
    ["no time", { clock: () => undefined }],
    ["a time that is no number", { clock: () => Number.NaN }],
  ])("no token is signed with %s", async (_what, settings) => {
    const make: Issuer = createIssuer({ issuer: ISSUER, maxTokenTtlSeconds: 60, signer, ...settings });
    await expect(make.sign({ sub: "u" }, { audience: "a" })).rejects.toThrow(TypeError);
  });
});

describe("a fixed signer", () => {
  test.each([
    ["alias/sealgate/main/active", 'createRingPolicy({ ring: "main", issuer })'],
    ["arn:aws:kms:eu-central-1:111122223333:alias/sealgate/eu-2/active", 'createRingPolicy({ ring: "eu-2", issuer })'],
    ["arn:aws-cn:kms:cn-north-1:111122223333:alias/sealgate/main/active", "createIssuer({ ring:"],
    ["alias/sealgate/main/root", "signs key sets"],
    ["alias/sealgate/main/root-2", "signs key sets"],
  ])("of %s is refused before KMS is asked, with what to use instead", async (keyId, message) => {
    const error = await refusal(createKmsSigner, { keyId, alg: "ES256" });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
  });
});
