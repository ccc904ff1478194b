import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleLambda } from "../../../.ci/bundle.ts";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { valueOf } from "../../support/values.ts";

const ISSUER = "https://auth.example.com";

/** Stands in for the Lambda runtime: loads the bundle once, and hands it one event after the other. */
const RUNTIME = `
const { handler } = await import(process.argv[2]);
const outcomes = [];
for (const { env, event } of JSON.parse(process.argv[3])) {
  Object.assign(process.env, env);
  try {
    outcomes.push({ answer: await handler(event) });
  } catch (error) {
    outcomes.push({ errorType: error.name, errorMessage: error.message });
  }
}
process.stdout.write(JSON.stringify(outcomes));
`;

interface Invocation {
  readonly event: unknown;
  /** Variables to change before the event. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly answer?: { readonly token: string; readonly kid: string; readonly expiresAt: number };
  readonly errorType?: string;
  readonly errorMessage?: string;
}

let aws: TestKms;
let folder: string;
let bundle: string;
let inputs: readonly string[];
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  aws = await startTestKms();
  folder = await mkdtemp(join(tmpdir(), "sealgate-lambda-"));
  bundle = join(folder, "sign.mjs");
  inputs = await bundleLambda("issuer/lambda/sign.ts", bundle);
  await writeFile(join(folder, "runtime.mjs"), RUNTIME);
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
  await rm(folder, { recursive: true });
  await aws.close();
});

/** One container: a process of its own, in a folder without node_modules, with nothing but these variables. */
async function invoke(
  invocations: readonly Invocation[],
  variables: Readonly<Record<string, string>> = env,
): Promise<readonly Outcome[]> {
  const runtime = join(folder, "runtime.mjs");
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [runtime, bundle, JSON.stringify(invocations)],
    {
      cwd: folder,
      env: variables,
    },
  );
  expect(stderr).toBe("");
  const outcomes: readonly Outcome[] = JSON.parse(stdout);
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
    expect(outcome?.answer).toEqual({ token: expect.any(String), kid: header.kid, expiresAt: claims.exp });
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

  test("holds the issuer and the SDK, and nothing of the emulator, the edge or the command line", () => {
    const ours = inputs.filter((path) => !path.includes("node_modules/"));
    expect(ours).toContain("issuer/kms/signer.ts");
    expect(ours.filter((path) => !/^(?:issuer|shared)\//.test(path))).toEqual([]);
    expect(ours.filter((path) => /^issuer\/(?:kms-emulator|cli|publish)\//.test(path))).toEqual([]);
  });
});
