/** The signing Lambda handler as it is deployed: the bundle is invoked, configured by environment alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SignAnswer } from "../../../../issuer/lambda/sign.ts";
import { createKmsVerifier } from "../../../../issuer/verifier.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { bundleForTest } from "../../../support/lambda-runtime.ts";
import type { BundledLambda, Invocation, Outcome } from "../../../support/lambda-runtime.ts";
import { startRingWorld } from "../../../support/ring-world.ts";
import { jsonObject, valueOf } from "../../../support/values.ts";
import { createRunningClock } from "../../../support/virtual-clock.ts";

const ISSUER = "https://auth.example.com";

let aws: TestKms;
let lambda: BundledLambda<SignAnswer>;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  aws = await startTestKms();
  lambda = await bundleForTest("issuer/lambda/sign.ts");
  env = {
    ...aws.env,
    SEALGATE_ISSUER: ISSUER,
    SEALGATE_KEY_ID: await aws.createKeyFor("ES256"),
    SEALGATE_ALG: "ES256",
    SEALGATE_MAX_TOKEN_TTL_SECONDS: "600",
    SEALGATE_DEFAULT_TTL_SECONDS: "60",
  };
});
afterAll(async () => {
  await lambda.remove();
  await aws.close();
});

async function invoke(
  invocations: readonly Invocation[],
  variables: Readonly<Record<string, string>> = env,
): Promise<readonly Outcome<SignAnswer>[]> {
  const { outcomes, lines, stderr } = await lambda.invoke(invocations, variables);
  expect({ lines, stderr }).toEqual({ lines: [], stderr: "" });
  return outcomes;
}

describe("the bundled handler", () => {
  test("signs a token that verifies, in a process that has nothing but the bundle", async () => {
    const event = { claims: { sub: "u", client_id: "c" }, ttlSeconds: 120, audience: ["api"], typ: "at+jwt" };
    const [outcome] = await invoke([{ event }]);
    const verifier = createKmsVerifier({
      keyId: env["SEALGATE_KEY_ID"] ?? "",
      alg: "ES256",
      issuer: ISSUER,
      audiences: ["api"],
      mode: "local",
      publicKeyTtlSeconds: 60,
      kms: aws.kms,
    });
    const { claims, header } = valueOf(await verifier.verify(outcome?.answer?.token ?? ""));
    expect(claims).toMatchObject({ sub: "u", client_id: "c", aud: ["api"] });
    expect(header.typ).toBe("at+jwt");
    expect(outcome?.answer).toEqual({
      token: expect.any(String),
      jti: claims["jti"],
      kid: header.kid,
      expiresAt: claims.exp,
    });
  });

  test("counts its signatures, and its failures by code, without a claim", async () => {
    const event = { claims: { sub: "user-17" }, audience: "api" };
    const { metrics } = await lambda.invoke([{ event }, { event: { ...event, ttlSeconds: 601 } }], env);
    expect(metrics.map(jsonObject)).toMatchObject([
      { signatures: 1, sign_duration: expect.any(Number) },
      { sign_failures: 1, code: "lifetime_too_long" },
    ]);
    expect(metrics.join()).not.toContain("user-17");
  });

  test("asks KMS about the key once for each container, not for each token", async () => {
    const before = { ...aws.emulator.requests };
    const event = { claims: {}, audience: "api" };
    const outcomes = await invoke([{ event }, { event }, { event }]);
    expect(new Set(outcomes.map(({ answer }) => answer?.token)).size).toBe(3);
    expect(aws.emulator.requests.DescribeKey - before.DescribeKey).toBe(1);
    expect(aws.emulator.requests.GetPublicKey - before.GetPublicKey).toBe(1);
    expect(aws.emulator.requests.Sign - before.Sign).toBe(3);
  });

  test("recovers in the same container from a KMS that failed at the first invocation", async () => {
    const event = { claims: {}, audience: "api" };
    const remove = aws.emulator.faults.add({ operation: "DescribeKey", kind: "access_denied", times: 1 });
    const outcomes = await invoke([{ event }, { event }]);
    remove();
    expect(outcomes).toMatchObject([{ errorType: "kms_access_denied" }, { answer: { token: expect.any(String) } }]);
  });

  test("waits for nothing that an earlier invocation has begun: it may have been frozen with it", async () => {
    const event = { claims: {}, audience: "api" };
    const before = aws.emulator.requests.DescribeKey;
    const remove = aws.emulator.faults.add({ operation: "DescribeKey", kind: "latency", latencyMs: 2500, times: 1 });
    const outcomes = await invoke([{ event, abandonAfterMs: 300 }, { event }]);
    remove();
    expect(outcomes).toMatchObject([{ errorType: "abandoned" }, { answer: { token: expect.any(String) } }]);
    expect(aws.emulator.requests.DescribeKey - before).toBe(2);
  });

  test("reports all of a wrong configuration at once, and works when it was corrected", async () => {
    const { SEALGATE_ISSUER: issuer = "", SEALGATE_ALG: alg = "", ...rest } = env;
    const event = { claims: {}, audience: "api" };
    const corrected = { event, env: { SEALGATE_ISSUER: issuer, SEALGATE_ALG: alg } };
    const [wrong, right] = await invoke([{ event }, corrected], rest);
    expect(wrong).toMatchObject({ errorType: "config_invalid" });
    expect(wrong?.errorMessage).toMatch(/SEALGATE_ISSUER is missing; SEALGATE_ALG must/);
    expect(right).toMatchObject({ answer: { token: expect.any(String) } });
  });

  test("tells the caller's mistakes by their code", async () => {
    const outcomes = await invoke([
      { event: null },
      { event: { audience: "api" } },
      { event: { claims: [], audience: "api" } },
      { event: { claims: {}, audience: 7 } },
      { event: { claims: {}, audience: ["api", 7] } },
      { event: { claims: {}, audience: "api", ttlSeconds: "60" } },
      { event: { claims: {}, audience: "api", typ: "jwt" } },
      { event: { claims: {}, audience: "api", ttl: 60 } },
      { event: { claims: {}, audience: "api", ttlSeconds: 601 } },
      { event: { claims: { exp: 1 }, audience: "api" } },
      { event: { claims: {} } },
    ]);
    expect(outcomes.map(({ errorType }) => errorType)).toEqual([
      ...Array.from({ length: 8 }, () => "input_invalid"),
      "lifetime_too_long",
      "claims_refused",
      "claims_refused",
    ]);
  });

  test("signs with the active key of a ring when it is told no key", async () => {
    const world = await startRingWorld({ timing: { maxTokenTtlSeconds: 600 } }, createRunningClock());
    await world.run({ request: { kind: "init" } });
    const { SEALGATE_KEY_ID: _key, SEALGATE_ALG: _alg, ...others } = env;
    const policy = JSON.stringify({ timing: { maxTokenTtlSeconds: 600 } });
    const names = { SEALGATE_RING: "main", SEALGATE_ISSUER: TEST_ISSUER, SEALGATE_POLICY: policy };
    const variables = { ...others, ...world.kms.env, ...names };
    const event = { claims: {}, audience: "api" };
    const [first, second, third] = await invoke(
      [{ event }, { event }, { event: { ...event, ttlSeconds: 601 } }],
      variables,
    );
    const active = (await world.document()).keys.find(({ state }) => state === "active");
    expect([first?.answer?.kid, second?.answer?.kid]).toEqual([active?.kid, active?.kid]);
    expect(third).toMatchObject({ errorType: "lifetime_too_long" });
  });

  test("tells that a ring has nothing published yet", async () => {
    const world = await startRingWorld({}, createRunningClock());
    world.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 503 } });
    await world.run({ request: { kind: "init" } });
    const { SEALGATE_KEY_ID: _key, SEALGATE_ALG: _alg, ...others } = env;
    const variables = { ...others, ...world.kms.env, SEALGATE_RING: "main", SEALGATE_ISSUER: TEST_ISSUER };
    const [outcome] = await invoke([{ event: { claims: {}, audience: "api" } }], variables);
    expect(outcome).toMatchObject({ errorType: "ring_key_unpublished" });
  });

  test("holds the issuer and the SDK, and nothing of the emulator, the edge or the command line", () => {
    const ours = lambda.inputs.filter((path) => !path.includes("node_modules/"));
    expect(ours).toContain("issuer/kms/signer.ts");
    expect(ours.filter((path) => !/^(?:issuer|shared)\//.test(path))).toEqual([]);
    expect(ours.filter((path) => /^issuer\/(?:kms-emulator|cli|publish)\//.test(path))).toEqual([]);
  });
});
