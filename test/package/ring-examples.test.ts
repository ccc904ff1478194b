/**
 * What README and the pages show of signing, executed in a project that has installed the packed package; then the ring rotates
 * until the first key is disabled, and everything that was started before goes on: what signs, with tokens that a gateway accepts, and
 * what verifies, until its key set has expired.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../local-stack/stack.ts";
import { examplesBy } from "../support/doc-examples.ts";
import type { Block, RevokeWay, RingWay } from "../support/doc-examples.ts";
import { given, jsonObject } from "../support/values.ts";
import { anchorsIn, CALLER_SECRET, openLab } from "./examples-lab.ts";
import type { Lab, Running } from "./examples-lab.ts";
import { startFollowing } from "./following-verifiers.ts";
import type { FollowingVerifiers } from "./following-verifiers.ts";
import { ROOT } from "./package-project.ts";
import { createRevokeWays } from "./revoke-examples.ts";

const HOUR_SECONDS = 3600;

let lab: Lab;
let anchors = "";
let serveUrl = "";
let worker: Miniflare | undefined;
let following: FollowingVerifiers | undefined;
/** Of the first key. */
let firstToken = "";
/** What signs and goes on: each answers a line on its stdin with a token. */
const issuers = new Map<string, () => Promise<string>>();

beforeAll(async () => {
  lab = await openLab(12 * HOUR_SECONDS);
});
afterAll(async () => {
  await worker?.dispose();
  await lab.close();
});

/** Goes on signing, a token for each line on stdin. */
const AGAIN = `
console.log(JSON.stringify({ token, kid, expiresAt }));
for await (const _line of (await import("node:readline")).createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await issuer.sign({ sub: "user-1" }, { audience: "${LOCAL_AUDIENCE}", ttlSeconds: 300 })));
}
`;

const LAMBDA = `
import { handler } from "sealgate/lambda/sign";
for await (const _line of (await import("node:readline")).createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await handler({ claims: { sub: "user-1" }, audience: "${LOCAL_AUDIENCE}", ttlSeconds: 300 })));
}
`;

const WAYS: Readonly<Record<RingWay | RevokeWay, (block: Block) => Promise<void>>> = {
  ...createRevokeWays(
    () => lab,
    () => anchors,
  ),
  async init({ page, code }) {
    anchors = anchorsIn(await lab.shell(page, code));
  },
  async shell({ page, code }) {
    await lab.shell(page, code);
  },
  async status({ page, code }) {
    await lab.shell(page, `${code.trim()} || [ $? = 4 ]`);
  },
  async "ring state"({ page, code }) {
    for (const line of code.trim().split("\n")) await lab.shell(page, `${line} || [ $? = 4 ]`);
  },
  async help({ page, code }) {
    const [installed = "", inRepository = ""] = code.split("\n");
    expect(await lab.shell(page, installed)).toMatch(/^Usage: sealgate /);
    const { stdout } = await promisify(execFile)("bash", ["-c", inRepository], { cwd: ROOT });
    expect(stdout).toMatch(/^Usage: sealgate /);
  },
  async module({ page, code }) {
    await lab.write("module.ts", code);
    expect(await lab.shell(page, "node module.ts")).toBe("user-1\n");
  },
  async issuer({ code }) {
    await lab.write("issuer.ts", code + AGAIN);
    const running = lab.start("node", ["issuer.ts"]);
    expect(jsonObject(await running.line())).toMatchObject({ token: expect.any(String) as unknown });
    issuers.set("README's issuer", () => tokenOf(running));
    await lab.write("lambda.ts", LAMBDA);
    const lambda = lab.start("node", ["lambda.ts"], { SEALGATE_RING: "main" });
    issuers.set("the Lambda handler with SEALGATE_RING", () => tokenOf(lambda));
    await tokenOf(lambda);
  },
  async serve({ page, code }) {
    const running = lab.start("bash", ["-c", `${lab.session(page)}\nexec ${code.trim()} --port 0 --json`]);
    serveUrl = textIn(await running.line(), "url");
    issuers.set("sealgate serve --ring", async () => {
      const body = JSON.stringify({ claims: { sub: "user-1" }, audience: LOCAL_AUDIENCE, ttlSeconds: 300 });
      const headers = { authorization: `Bearer ${CALLER_SECRET}` };
      const answer = await fetch(`${serveUrl}/tokens`, { method: "POST", headers, body });
      return textIn(await answer.text(), "token");
    });
  },
  async request({ page, code }) {
    // The port that the page shows may be taken here.
    const answer = await lab.shell(page, code.replace("http://127.0.0.1:8788", serveUrl));
    expect(textIn(answer, "kid")).toBe(kidOf(textIn(answer, "token")));
  },
  async worker({ code }) {
    const bundle = await build({
      stdin: { contents: code, loader: "ts", resolveDir: lab.folder },
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
    });
    const options = {
      modules: true,
      script: given(bundle.outputFiles[0]).text,
      compatibilityDate: "2026-11-01",
      bindings: { ISSUER: LOCAL_ISSUER, TRUST_ANCHORS: anchors },
      kvNamespaces: ["KEY_SETS"],
    };
    worker = new Miniflare(convertV4MiniflareOptions(options));
    expect((await worker.dispatchFetch("https://api.example.com/api/me")).status).toBe(401);
  },
  async "ring policy"({ page, code }) {
    await lab.write("policy.json", code);
    // 4: something is due. A policy that cannot be used would be 2.
    await lab.shell(page, "sealgate ring status --policy policy.json > /dev/null || [ $? = 4 ]");
  },
};

async function tokenOf(running: Running): Promise<string> {
  running.tell("");
  let line = await running.line();
  // The Lambda handler writes its metrics to stdout, as CloudWatch asks for.
  while (line.startsWith('{"_aws"')) line = await running.line();
  return textIn(line, "token");
}

function kidOf(token: string): string {
  return textIn(Buffer.from(given(token.split(".")[0]), "base64url").toString(), "kid");
}

/** A member of a JSON object that must be a text. */
function textIn(json: string, name: string): string {
  const value = jsonObject(json)[name];
  if (typeof value !== "string") throw new Error(`${name} is no text in ${json}`);
  return value;
}

async function statusOfRing(): Promise<Readonly<Record<string, unknown>>> {
  return jsonObject(await lab.shell("status", "sealgate ring status --json || [ $? = 4 ]"));
}

/** Half an hour passes and the rotator runs, as often as that. */
async function passHalfHours(count: number): Promise<void> {
  for (let run = 0; run < count; run += 1) {
    await lab.pass(HOUR_SECONDS / 2);
    await lab.shell("rotator", "sealgate ring reconcile");
  }
}

test.for(examplesBy((way): way is RingWay | RevokeWay => Object.hasOwn(WAYS, way)))("$page: $begins", async (block) => {
  await expect(WAYS[block.way](block)).resolves.toBeUndefined();
});

test("README's verifiers accept what is signed before the rotation", async () => {
  following = await startFollowing(lab, anchors);
  firstToken = await given(issuers.get("README's issuer"))();
  expect(await following.ask(firstToken)).toEqual(["hello user-1", "hello user-1"]);
});

test("the ring rotates until the first key is disabled", async () => {
  await passHalfHours(6);
  await lab.shell("rotator", "sealgate ring rotate");
  await passHalfHours(6);
  const { active, generations } = await statusOfRing();
  expect(active).toBe(2);
  expect(generations).toMatchObject([{ generation: 1, keyState: "Disabled" }, { state: "active" }, {}]);
});

test("whatever signed with the ring before goes on, and a gateway accepts its tokens", async () => {
  while (lab.secondsLeft() > 0) {
    await lab.pass(Math.min(lab.secondsLeft(), HOUR_SECONDS));
    await lab.shell("rotator", "sealgate ring reconcile");
  }
  await lab.gateway.deploy({ TRUST_ANCHORS: anchors });
  const ownWorker = given(worker);
  await (await ownWorker.getKVNamespace("KEY_SETS")).put("key-set:main", await lab.storedKeySet());
  expect(issuers.size).toBe(3);
  for (const [name, sign] of issuers) {
    const headers = { authorization: `Bearer ${await sign()}` };
    expect((await fetch(`${lab.gateway.url}/api/orders`, { headers })).status, name).toBe(200);
    const answer = await ownWorker.dispatchFetch("https://api.example.com/api/me", { headers });
    expect([answer.status, await answer.json()], name).toEqual([200, { subject: "user-1" }]);
  }
});

test("README's verifiers have followed the ring: a token is accepted until it expires, and until no key set is left", async () => {
  const { ask, cutOff } = given(following);
  const sign = given(issuers.get("README's issuer"));
  expect(await ask(firstToken)).toEqual(["kid_unknown", "ERR_JWKS_NO_MATCHING_KEY"]);
  const token = await sign();
  expect(kidOf(token)).not.toBe(kidOf(firstToken));
  expect(await ask(token)).toEqual(["hello user-1", "hello user-1"]);
  await lab.pass(600);
  expect(await ask(token)).toEqual(["token_expired", "ERR_JWT_EXPIRED"]);
  const next = await sign();
  expect(await ask(next)).toEqual(["hello user-1", "hello user-1"]);
  await cutOff();
  await lab.pass(60);
  expect(await ask(next)).toEqual(["hello user-1", "hello user-1"]);
  await lab.pass(25 * HOUR_SECONDS);
  expect(await ask(next)).toEqual(["keys_unavailable", "keys_unavailable"]);
});
