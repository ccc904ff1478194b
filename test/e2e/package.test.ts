/** The package as somebody gets it who installs it: what is in it, what it needs, and that it works in plain Node. */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestKms } from "../support/kms.ts";
import type { TestKms } from "../support/kms.ts";
import { peersOf, ROOT, installPackage } from "../support/package-project.ts";
import type { PackageProject } from "../support/package-project.ts";
import { given, jsonObject } from "../support/values.ts";

const ISSUER = "https://auth.example.com";
const AUDIENCE = "https://api.example.com";

let project: PackageProject;
let aws: TestKms;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  aws = await startTestKms();
  project = await installPackage();
  const key = await aws.createKeyFor("ES256");
  env = { ...aws.env, SEALGATE_KEY_ID: key, SEALGATE_ALG: "ES256", SEALGATE_ISSUER: ISSUER };
});
afterAll(async () => {
  await aws.close();
  await project.remove();
});

/** Runs a module in the project. @returns what it has printed, as JSON */
async function runModule(source: string): Promise<unknown> {
  await project.write("script.mjs", source);
  const { out, err } = await project.run("node", ["script.mjs"], env);
  expect(err).toBe("");
  return JSON.parse(out);
}

describe("what is in it", () => {
  const MEANT = [
    /^(package\.json|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE)$/,
    /^docs\/[\w/-]+\.md$/,
    /^dist\/(issuer|edge-verifier|verify|origin)\.js(\.map)?$/,
    /^dist\/cli\.js$/,
    /^dist\/chunks\/[\w-]+\.js(\.map)?$/,
    /^dist\/lambda\/[\w-]+\.mjs(\.map)?$/,
    /^dist\/types\/(issuer|edge-verifier|shared)\/[\w/-]+\.d\.ts$/,
  ];

  test("nothing but entry points, types, Lambda handlers and documentation", () => {
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
    expect(project.files.filter((path) => /\btest|vitest|\.toml$/.test(path))).toEqual([]);
  });
});

describe("what it imports", () => {
  /** Everything that an entry point imports, through its chunks, that is not in the package. */
  async function importsOf(entry: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
    const outside = new Set<string>();
    if (seen.has(entry)) return outside;
    seen.add(entry);
    const text = await readFile(join(project.packageFolder, entry), "utf8");
    for (const [, specifier = ""] of text.matchAll(/^(?:import|export)\b[^"';]*"([^"]+)";$/gm)) {
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
    const entries = ["issuer", "edge-verifier", "verify", "origin"].map((name) => `dist/${name}.js`);
    const imports = await Promise.all(entries.map((entry) => importsOf(entry)));
    const packages = imports.flatMap((specifiers) => [...specifiers]).filter((name) => !isBuiltin(name));
    const names = packages.map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
    expect(project.manifest["dependencies"]).toBeUndefined();
    expect(new Set(names)).toEqual(new Set(peersOf(project.manifest)));
    const optional = peersOf(project.manifest).map((name) => [name, { optional: true }]);
    expect(project.manifest["peerDependenciesMeta"]).toEqual(Object.fromEntries(optional));
  });
});

/** The lowest versions that the manifest allows, under the names that they have in the repository. */
const LOWEST = { hono: "hono-lowest", "@aws-sdk/client-kms": "client-kms-lowest" } as const;

describe("its peer dependencies", () => {
  test("are tried at the lowest version that the manifest allows", async () => {
    const ranges = jsonObject(JSON.stringify(project.manifest["peerDependencies"]));
    for (const [name, source] of Object.entries(LOWEST)) {
      const { version } = jsonObject(await readFile(join(ROOT, "node_modules", source, "package.json"), "utf8"));
      expect(ranges[name]).toBe(`^${String(version)}`);
    }
  });

  test("the lowest hono: the gateway and the middleware answer, and the app's onError sees an HTTPException", async () => {
    await project.usePeer("hono", LOWEST.hono);
    const answers = await runModule(PEER_HONO).finally(() => project.usePeer("hono", "hono"));
    expect(answers).toEqual(await runModule(PEER_HONO));
    expect(answers).toEqual([500, "config_invalid", 401, "token_missing"]);
  });

  test("the lowest SDK: a token is signed", async () => {
    await project.usePeer("@aws-sdk/client-kms", LOWEST["@aws-sdk/client-kms"]);
    const signed = await runModule(PEER_SDK).finally(() =>
      project.usePeer("@aws-sdk/client-kms", "@aws-sdk/client-kms"),
    );
    expect(signed).toEqual(["ES256", 3]);
  });

  test("are not needed where they are not used: a Worker has no AWS SDK, the program has neither", async () => {
    await project.usePeer("@aws-sdk/client-kms", undefined);
    try {
      expect(await runModule(PEER_HONO)).toEqual([500, "config_invalid", 401, "token_missing"]);
      await project.usePeer("hono", undefined);
      const signed = await project.run("sealgate", ["token", "sign", "--audience", AUDIENCE], env);
      expect(signed.out.split(".")).toHaveLength(3);
      for (const name of ["sign", "reconcile"]) {
        expect(
          await runModule(`console.log(JSON.stringify(Object.keys(await import("sealgate/lambda/${name}"))))`),
        ).toEqual(["handler"]);
      }
    } finally {
      for (const name of peersOf(project.manifest)) await project.usePeer(name, name);
    }
  });
});

const PEER_HONO = `
  import { Hono } from "hono";
  import { HTTPException } from "hono/http-exception";
  import { createGateway, defineRoutes, sealgate } from "sealgate/edge-verifier";
  console.error = () => {};
  const gateway = createGateway(defineRoutes([{ path: "/api/*", require: {} }]), { onEvent: () => {} });
  const waits = { waitUntil() {}, passThroughOnException() {} };
  const refused = await gateway.fetch(new Request("https://api.example.com/api/x"), {}, waits);
  const app = new Hono();
  app.use("*", sealgate({
    issuer: "${ISSUER}", audience: "${AUDIENCE}", kv: { get: async () => null },
    trustAnchors: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", alg: "EdDSA" }],
  }));
  app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text("not ours", 599));
  const missing = await app.request("/");
  console.log(JSON.stringify([refused.status, (await refused.json()).code, missing.status, (await missing.json()).code]));
`;

const PEER_SDK = `
  import { createIssuer, createKmsSigner } from "sealgate/issuer";
  const signer = await createKmsSigner({ keyId: process.env.SEALGATE_KEY_ID, alg: process.env.SEALGATE_ALG });
  const issuer = createIssuer({ issuer: process.env.SEALGATE_ISSUER, signer, maxTokenTtlSeconds: 3600 });
  const { token } = await issuer.sign({ sub: "user-1" }, { audience: "${AUDIENCE}" });
  console.log(JSON.stringify([signer.alg, token.split(".").length]));
`;

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
});

describe("that its types serve a consumer", () => {
  const CONSUMER = `
    import { createIssuer, createKmsSigner, exportPublicKey, SealgateError } from "sealgate/issuer";
    import type { FaultCode, IssuedToken, Issuer } from "sealgate/issuer";
    import { verifyToken } from "sealgate/verify";
    import type { Result, TokenRejection, VerifiedToken } from "sealgate/verify";
    import { defineRoutes, sealgate } from "sealgate/edge-verifier";
    import { Hono } from "hono";

    export const app = new Hono();
    app.use("/api/*", sealgate());
    const issuer: Issuer = createIssuer({
      issuer: "${ISSUER}",
      signer: await createKmsSigner({ keyId: "alias/x", alg: "EdDSA" }),
      maxTokenTtlSeconds: 60,
    });
    export const issued: IssuedToken = await issuer.sign({ sub: "a" }, { audience: ["a", "b"], typ: "at+jwt" });
    export const pem: string = await exportPublicKey("alias/x", "pem");
    export const codeOf = (error: unknown): FaultCode | undefined =>
      error instanceof SealgateError ? error.code : undefined;
    export const verify: (...args: Parameters<typeof verifyToken>) => Promise<Result<VerifiedToken, TokenRejection>> =
      verifyToken;
    export const routes = defineRoutes([{ path: "/api/*", require: { scope: ["a"] } }]);

    // @ts-expect-error there are no symmetric algorithms
    await createKmsSigner({ keyId: "alias/x", alg: "HS256" });
    // @ts-expect-error a lifetime is in seconds, and required
    createIssuer({ issuer: "${ISSUER}", signer: await createKmsSigner({ keyId: "alias/x", alg: "ES256" }) });
    // @ts-expect-error no check can be left out
    await verifyToken("", { issuer: "${ISSUER}" }, { find: () => undefined }, 0);
    // @ts-expect-error a misspelt requirement must not become no requirement
    defineRoutes([{ path: "/api/*", require: { scopes: ["a"] } }]);
  `;

  test.for([
    ["nodenext", "hono"],
    ["bundler", "hono"],
    ["bundler", "hono-lowest"],
  ] as const)("under moduleResolution %s with %s, and so do the README's examples", async ([resolution, hono]) => {
    await project.usePeer("hono", hono);
    const examples = readmeExamples(await readFile(join(project.packageFolder, "README.md"), "utf8"));
    expect(examples.length).toBeGreaterThanOrEqual(2);
    await project.write("consumer.ts", CONSUMER);
    for (const [index, example] of examples.entries()) await project.write(`readme-${index}.ts`, example);
    await project.write(
      "env.d.ts",
      "interface Env {}\ninterface ExecutionContext { waitUntil(work: Promise<unknown>): void }\n",
    );
    const compilerOptions = {
      target: "es2024",
      module: resolution === "nodenext" ? "nodenext" : "preserve",
      moduleResolution: resolution,
      lib: ["es2024", "dom", "dom.iterable"],
      types: ["node"],
      typeRoots: [join(ROOT, "node_modules", "@types")],
      strict: true,
      noEmit: true,
    };
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const tsc = join(ROOT, "node_modules", ".bin", "tsc");
    // Fails with what the compiler says.
    expect(await project.run(tsc, ["--project", "tsconfig.json"])).toEqual({ out: "", err: "" });
  });
});

/** The code blocks that use the package. */
function readmeExamples(readme: string): readonly string[] {
  return [...readme.matchAll(/^```ts\n([^`]*?)^```$/gm)]
    .map(([, code]) => given(code))
    .filter((code) => code.includes('from "sealgate/'));
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap((member) => stringsIn(member)) : [];
}
