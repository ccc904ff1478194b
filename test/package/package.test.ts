/** The package as somebody gets it who installs it: what is in it, what it needs, and that it works in plain Node. */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleConsolePage } from "../../tools/console-page.ts";
import { AUDIENCE, peersOf, ROOT, startSigningProject } from "./package-project.ts";
import type { PackageProject, SigningProject } from "./package-project.ts";
import { jsonObject } from "../support/values.ts";

let signing: SigningProject;
let project: PackageProject;
let env: SigningProject["env"];

beforeAll(async () => {
  signing = await startSigningProject();
  ({ project, env } = signing);
});
afterAll(() => signing.close());

const runModule = (source: string): Promise<unknown> => signing.runModule(source);

describe("what is in it", () => {
  const MEANT = [
    /^(package\.json|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE)$/,
    /^docs\/[\w/-]+\.md$/,
    /^docs\/pictures\/[\w-]+\.(?:svg|png)$/,
    /^template\/(?:_github\/workflows|src|test)?\/?[\w.-]+$/,
    /^dist\/(issuer|edge-verifier|verify|jose|origin)\.js(\.map)?$/,
    /^issuer\/deploy\/[\w-]+\.template\.yaml$/,
    /^dist\/(cli|console-page)\.js$/,
    /^dist\/chunks\/[\w-]+\.js(\.map)?$/,
    /^dist\/lambda\/[\w-]+\.mjs(\.map)?$/,
    /^dist\/types\/(issuer|edge-verifier|shared)\/[\w/-]+\.d\.ts$/,
  ];

  test("nothing but entry points, types, Lambda handlers, what they are deployed with, and documentation", () => {
    expect(project.files.filter((path) => !MEANT.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test("all that its manifest points to", () => {
    const targets = stringsIn([project.manifest["exports"], project.manifest["bin"]]).map((path) =>
      posix.normalize(path),
    );
    expect(targets.length).toBeGreaterThanOrEqual(8);
    expect(project.files).toEqual(expect.arrayContaining(targets));
  });

  test("no path of the machine it was built on, and no tests", async () => {
    for (const path of project.files) {
      const text = await readFile(join(project.packageFolder, path), "utf8");
      expect(text.includes(ROOT), path).toBe(false);
    }
    expect(project.files.filter((path) => !path.startsWith("template/") && /\btest|vitest|\.toml$/.test(path))).toEqual(
      [],
    );
  });
});

describe("what it imports", () => {
  /** Everything that an entry point imports, through its chunks, that is not in the package. */
  async function importsOf(entry: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
    const outside = new Set<string>();
    if (seen.has(entry)) return outside;
    seen.add(entry);
    const text = await readFile(join(project.packageFolder, entry), "utf8");
    // Static ones, and those that are made when they are needed.
    const patterns = [/^(?:import|export)\b[^"';]*"([^"]+)";$/gm, /\bimport\("([^"]+)"\)/g];
    for (const [, specifier = ""] of patterns.flatMap((pattern) => [...text.matchAll(pattern)])) {
      if (!specifier.startsWith(".")) outside.add(specifier);
      else for (const one of await importsOf(posix.join(dirname(entry), specifier), seen)) outside.add(one);
    }
    return outside;
  }

  test("the edge: hono alone", async () => {
    const imports = [...(await importsOf("dist/edge-verifier.js"))];
    expect(imports).toContain("hono/hono-base");
    expect(imports.filter((specifier) => !/^hono(\/|$)/.test(specifier))).toEqual([]);
  });

  test("the verification core: nothing", async () => {
    expect([...(await importsOf("dist/verify.js"))]).toEqual([]);
  });

  test("the origin's verification library: nothing", async () => {
    expect([...(await importsOf("dist/origin.js"))]).toEqual([]);
  });

  test("the sealgate program: nothing but Node", async () => {
    const imports = [...(await importsOf("dist/cli.js"))];
    expect(imports.filter((specifier) => !isBuiltin(specifier))).toEqual([]);
  });

  test("every peer dependency of the manifest, each of them optional, and no other", async () => {
    const entries = ["issuer", "edge-verifier", "verify", "jose", "origin"].map((name) => `dist/${name}.js`);
    const imports = await Promise.all(entries.map((entry) => importsOf(entry)));
    const packages = imports.flatMap((specifiers) => [...specifiers]).filter((name) => !isBuiltin(name));
    const names = packages.map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
    expect(project.manifest["dependencies"]).toBeUndefined();
    expect(new Set(names)).toEqual(new Set(peersOf(project.manifest)));
    const optional = peersOf(project.manifest).map((name) => [name, { optional: true }]);
    expect(project.manifest["peerDependenciesMeta"]).toEqual(Object.fromEntries(optional));
  });
});

describe("that it works in plain Node", () => {
  test("sealgate/issuer signs and verifies with KMS, and sealgate/verify verifies without it", async () => {
    const result = await runModule(`
      import { createIssuer, createKmsSigner, createKmsVerifier, exportPublicKey } from "sealgate/issuer";
      import { epochSecondsFromMs, importVerificationKey, parsePublicJwk, verifyToken } from "sealgate/verify";
      const [keyId, alg, issuer] = [process.env.SEALGATE_KEY_ID, process.env.SEALGATE_ALG, process.env.SEALGATE_ISSUER];
      const audiences = ["${AUDIENCE}"];
      const signer = await createKmsSigner({ keyId, alg });
      const { token, kid } = await createIssuer({ issuer, signer, maxTokenTtlSeconds: 3600 })
        .sign({ sub: "user-1" }, { audience: "${AUDIENCE}" });
      const verifier = createKmsVerifier({ keyId, alg, issuer, audiences, mode: "kms", publicKeyTtlSeconds: 60 });
      const byKms = await verifier.verify(token);
      const jwk = parsePublicJwk(await exportPublicKey(keyId, "jwk"));
      const key = await importVerificationKey(jwk.value, kid);
      const rules = {
        issuer, audiences, algs: new Set([alg]), typs: new Set(["jwt"]),
        clockSkewSeconds: 60, maxTokenTtlSeconds: 3600, maxTokenBytes: 16384,
      };
      const keys = { find: (name) => (name === kid ? key : undefined) };
      const byHand = await verifyToken(token, rules, keys, epochSecondsFromMs(Date.now()));
      const forged = await verifyToken(token.slice(0, -6) + "AAAAAA", rules, keys, epochSecondsFromMs(Date.now()));
      console.log(JSON.stringify([byKms.value?.claims.sub, byHand.value?.claims.sub, forged.error?.code]));
    `);
    expect(result).toEqual(["user-1", "user-1", "signature_invalid"]);
  });

  test("sealgate/edge-verifier makes a gateway, which refuses to work without its configuration", async () => {
    const result = await runModule(`
      import { createGateway, defineRoutes, sealgate } from "sealgate/edge-verifier";
      const events = [];
      const gateway = createGateway(defineRoutes([{ path: "/api/*", require: {} }]), { onEvent: (e) => events.push(e) });
      const answer = await gateway.fetch(new Request("https://api.example.com/api/x"), {}, { waitUntil() {} });
      console.log(JSON.stringify([typeof sealgate(), answer.status, (await answer.json()).code, events.length]));
    `);
    expect(result).toEqual(["function", 500, "config_invalid", 1]);
  });

  test("sealgate/origin makes a key and a verifier, which refuses a request that did not come through a gateway", async () => {
    const result = await runModule(`
      import { createAssertionKey, createAssertionVerifier, createReplayMemory, epochSecondsFromMs } from "sealgate/origin";
      const { publicJwk, privateJwk } = await createAssertionKey();
      const verifier = await createAssertionVerifier({
        keys: [publicJwk], audience: "https://origin.example.com", clockSkewSeconds: 5, replay: createReplayMemory(1000),
      });
      const request = { method: "GET", target: "/", assertion: undefined };
      const { error } = await verifier.verify(request, epochSecondsFromMs(Date.now()));
      console.log(JSON.stringify([Object.keys(privateJwk), publicJwk.alg, error.code]));
    `);
    expect(result).toEqual([["kty", "crv", "x", "d"], "EdDSA", "assertion_missing"]);
  });

  test("no path into it but the documented ones", async () => {
    const result = await runModule(`
      const codes = [];
      for (const path of ["sealgate", "sealgate/dist/issuer.js", "sealgate/issuer/issuer.ts"]) {
        codes.push(await import(path).then(() => "imported", (error) => error.code));
      }
      console.log(JSON.stringify(codes));
    `);
    expect(result).toEqual(Array.from({ length: 3 }, () => "ERR_PACKAGE_PATH_NOT_EXPORTED"));
  });

  test("the sealgate program shows its help and version, signs and verifies", async () => {
    const help = await project.run("sealgate", ["--help"]);
    expect(help.out).toMatch(/^Usage: sealgate /);
    const version = await project.run("sealgate", ["--version"]);
    expect(version.out.trimEnd()).toBe(project.manifest["version"]);
    const signed = await project.run("sealgate", ["token", "sign", "--audience", AUDIENCE], env);
    const verify = ["token", "verify", "--json", "--audience", AUDIENCE, signed.out.trim()];
    expect(jsonObject((await project.run("sealgate", verify, env)).out)).toMatchObject({ valid: true });
    const verdict = project.run("sealgate", [...verify.slice(0, -1), "garbage"], env);
    await expect(verdict).rejects.toMatchObject({ code: 3 });
  });

  test("sealgate console serves its page with all that the page loads, and reads the project's routes", async () => {
    await project.write("routes.ts", await readFile(join(project.packageFolder, "template/src/routes.ts"), "utf8"));
    // The page comes before KMS and KV are asked.
    const kv = { SEALGATE_KV_BASE_URL: "http://127.0.0.1:1", SEALGATE_KV_NAMESPACE_ID: "none" };
    const result = await project.runModule(CONSOLE_VISIT, { ...env, ...kv });
    expect(result).toMatchObject({
      page: expect.stringMatching(/^<!doctype html>[^]*id="path"/) as unknown,
      style: expect.stringContaining(":root") as unknown,
      script: await bundleConsolePage(),
      code: 0,
    });
  });
});

/** A browser's way through the console of the installed program, which ends it with Ctrl-C. */
const CONSOLE_VISIT = `
  import { spawn } from "node:child_process";
  import { once } from "node:events";
  const program = spawn("sealgate", ["console", "--json", "--routes", "routes.ts"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(program.stdout, "data");
  const { url } = JSON.parse(String(line));
  const first = await fetch(url);
  const headers = { cookie: first.headers.get("set-cookie").split(";")[0] };
  const get = async (path) => (await fetch(new URL(path, url), { headers })).text();
  const [page, style, script] = [await first.text(), await get("/page.css"), await get("/page.js")];
  program.kill("SIGINT");
  const [code] = await once(program, "exit");
  console.log(JSON.stringify({ page, style, script, code }));
`;

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap((member) => stringsIn(member)) : [];
}
