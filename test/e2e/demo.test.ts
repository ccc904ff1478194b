/**
 * `npm run demo`, as somebody runs it who has never heard of sealgate: it ends by itself, two runs do not collide, the
 * machine's own AWS configuration is neither needed nor opened, and a gateway that lets a forgery through fails it.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { ALGS } from "../../shared/algorithms.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
}

function runDemo(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: { ...process.env, NO_COLOR: "1", ...env }, killSignal: "SIGKILL" as const };
    const child = execFile("node", ["test/local-stack/demo.ts"], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, out: stdout + stderr });
      else reject(new Error(`the demo did not end by itself:\n${stdout}${stderr}`));
    });
    onTestFinished(() => void child.kill("SIGKILL"));
  });
}

/** Settings of a machine on which AWS is configured: none of them may be followed, nor the profile's file be opened. */
async function poisonedMachine(): Promise<{
  readonly env: Readonly<Record<string, string>>;
  readonly visits: () => number;
}> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-aws-profile-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Nobody writes into this pipe, so that whoever opens it to read waits for ever, and the demo does not end.
  const profile = join(folder, "config");
  await promisify(execFile)("mkfifo", [profile]);
  let visits = 0;
  const aws = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(aws, "listening");
  onTestFinished(() => void aws.close());
  const url = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  const env = {
    AWS_PROFILE: "production",
    AWS_CONFIG_FILE: profile,
    AWS_SHARED_CREDENTIALS_FILE: profile,
    AWS_ACCESS_KEY_ID: "AKIAPRODUCTION",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_KMS: url,
    AWS_USE_FIPS_ENDPOINT: "true",
    AWS_MAX_ATTEMPTS: "none",
  };
  return { env, visits: () => visits };
}

test("two demos side by side end with exit code 0 on a machine whose AWS profile must not be touched", async () => {
  const { env, visits } = await poisonedMachine();
  const [one, two] = await Promise.all([runDemo(env), runDemo(env)]);
  for (const { code, out } of [one, two]) {
    expect({ code, out }).toMatchObject({ code: 0 });
    for (const alg of ALGS) expect(out).toMatch(new RegExp(`${alg} +✓ 200 +origin saw`));
    for (const forgery of [
      /alg "none".*✓ 401/,
      /HS256 with the RSA public key +✓ 401/,
      /changed payload +✓ 401/,
      /another issuer +✓ 401/,
      /expired.*✓ 401/,
      /unknown kid.*✓ 401/,
      /attacker's key +✓ 401/,
      /stolen token +✓ 401 .* log: token_revoked/,
    ]) {
      expect(out).toMatch(forgery);
    }
    expect(out).toMatch(/Every one of \d+ answers was as it should be/);
    expect(out).not.toContain("✗");
  }
  const gateways = [one, two].map(({ out }) => /gateway +(http\S+),/.exec(out)?.[1]);
  expect(new Set(gateways).size).toBe(2);
  expect(visits()).toBe(0);
});

test("the demo ends with exit code 1 at the first forgery that gets through", async () => {
  // A gateway that lets everything through, as far as the demo can see.
  const lax = `const real = fetch;
    globalThis.fetch = async (...args) => {
      const answer = await real(...args);
      return answer.status === 401 ? new Response(answer.body, { status: 200 }) : answer;
    };`;
  const { code, out } = await runDemo({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lax)}` });
  expect(code).toBe(1);
  expect(out).toContain("Surprise: no token: expected 401, got 200");
});
