/** What the pages show of the edge and of origins, executed with the packed package, in a clone, or in the origin's language. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examplesBy } from "../support/doc-examples.ts";
import type { Block, EdgeWay } from "../support/doc-examples.ts";
import { jsonObject } from "../support/values.ts";
import { makeClone } from "./clone.ts";
import type { Clone } from "./clone.ts";
import { askApp, requestsFor } from "./middleware-examples.ts";
import { GO_PROGRAM, GATEWAY_REQUEST, PYTHON_PROGRAM, startOrigin } from "./origin-examples.ts";
import { installPackage } from "./package-project.ts";
import { askVerifiers, RIGHT_ANSWERS } from "./verifier-examples.ts";
import type { PackageProject } from "./package-project.ts";

let project: PackageProject;
let clone: Clone;
/** What the page's command has printed: the gateway's key pair. */
let assertionKey = "";
beforeAll(async () => {
  [project, clone] = await Promise.all([installPackage(), makeClone()]);
});
afterAll(async () => {
  await project.remove();
  await clone.remove();
});

const VERIFIERS = examplesBy((way): way is "verifier" => way === "verifier");
/** Once for all of them: one process runs them together. */
let verified: ReturnType<typeof askVerifiers> | undefined;

type Skip = (reason: string) => void;

const WAYS: Readonly<Record<EdgeWay, (block: Block, skip: Skip) => Promise<void>>> = {
  async routes({ code }) {
    await project.write("routes.ts", code);
    const policy = await project.runModule(`
      import routes from "./routes.ts";
      import { allFeatures, createGateway } from "sealgate/edge-verifier";
      console.log(JSON.stringify([typeof createGateway(routes, { features: allFeatures }).fetch, routes.length]));
    `);
    expect(policy).toEqual(["function", (code.match(/\bpath: /g) ?? []).length]);
    await clone.build("edge-verifier/routes.ts", code);
  },
  async middleware({ code }) {
    const asked = requestsFor(code);
    const answers = await askApp(project, code, asked);
    const wanted = asked.map(([, , status, body]) => [status, body ?? (expect.any(String) as unknown)]);
    // The app that takes a guard is asked once more, with that of a test.
    const more = code.includes("signedInAs") ? [[200, '{"subject":"tester"}']] : [];
    expect(answers).toEqual([...wanted, ...more]);
  },
  async verifier(block) {
    verified ??= askVerifiers(
      project,
      VERIFIERS.map(({ code }) => code),
    );
    const index = VERIFIERS.findIndex(({ page, code }) => page === block.page && code === block.code);
    expect((await verified)[index]).toEqual(RIGHT_ANSWERS);
  },
  features: ({ code }) => clone.build("edge-verifier/features.ts", code),
  async "assertion key"({ code }) {
    const [command = "", atCloudflare = ""] = code.split("\n");
    expect(atCloudflare).toMatch(/^npx wrangler secret put /);
    assertionKey = (await project.run("bash", ["-c", command])).out;
  },
  async "origin in Node"({ code }) {
    const origin = await startOrigin(project, code, publicKey());
    try {
      const headers = { "x-sealgate-assertion": await assertionFor("GET", "/orders?page=2") };
      const answer = await fetch(`${origin.url}/orders?page=2`, { headers });
      expect([answer.status, await answer.text()]).toEqual([200, "hello undefined"]);
      for (const path of ["/orders?page=2", "/orders?page=3"]) {
        expect((await fetch(`${origin.url}${path}`, { headers })).status, "used before, or for another target").toBe(
          403,
        );
      }
    } finally {
      origin.stop();
    }
  },
  async "origin in Python"({ code }, skip) {
    if (!(await canRun("python3", ["-c", "import cryptography"]))) return skip("needs Python with cryptography");
    await project.write("origin.py", code + PYTHON_PROGRAM);
    const run = (target: string, assertion: string): Promise<{ readonly stdout: string }> =>
      promisify(execFile)("python3", [`${project.folder}/origin.py`, publicKey(), assertion, target]);
    await expectOnlyItsTarget(async (target, assertion) => (await run(target, assertion)).stdout.trim());
  },
  async "origin in Go"({ code }, skip) {
    if (!(await canRun("go", ["version"]))) return skip("needs Go");
    await project.write("origin.go", GO_PROGRAM + code);
    const cwd = project.folder;
    await promisify(execFile)("go", ["build", "-o", "origin", "origin.go"], {
      cwd,
      env: { ...process.env, GOFLAGS: "-mod=mod" },
    });
    const run = (target: string, assertion: string): Promise<{ readonly stdout: string }> =>
      promisify(execFile)(`${cwd}/origin`, [publicKey(), assertion, target]);
    await expectOnlyItsTarget(async (target, assertion) => (await run(target, assertion)).stdout.trim());
  },
};

/** A verifier that is a program: it takes the assertion for its own target, and for no other. */
async function expectOnlyItsTarget(verify: (target: string, assertion: string) => Promise<string>): Promise<void> {
  const assertion = await assertionFor("GET", "/orders?page=2");
  expect(await verify("/orders?page=2", assertion)).toBe("ok");
  expect(await verify("/orders?page=3", assertion)).toBe("refused");
  expect(await verify("/orders?page=2", `${assertion.slice(0, -8)}AAAAAAAA`)).toBe("refused");
}

async function canRun(program: string, args: readonly string[]): Promise<boolean> {
  return promisify(execFile)(program, args).then(
    () => true,
    () => false,
  );
}

function publicKey(): string {
  return JSON.stringify(jsonObject(assertionKey)["publicJwk"]);
}

/** What the gateway sends with such a request. */
async function assertionFor(method: string, target: string): Promise<string> {
  const privateKey = JSON.stringify(jsonObject(assertionKey)["privateJwk"]);
  const sent = await project.runModule(GATEWAY_REQUEST, { ASSERTION_KEY: privateKey, METHOD: method, TARGET: target });
  if (typeof sent !== "string") throw new Error("the gateway has sent no assertion");
  return sent;
}

test.for(examplesBy((way): way is EdgeWay => Object.hasOwn(WAYS, way)))("$page: $begins", async (block, context) => {
  await expect(WAYS[block.way](block, (reason) => context.skip(reason))).resolves.toBeUndefined();
});
