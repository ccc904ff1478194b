/** The packed package's types, under each module resolution that they are for and with the lowest and the newest hono and jose. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { given } from "../support/values.ts";
import { installPackage, ROOT } from "./package-project.ts";
import type { PackageProject } from "./package-project.ts";
import { SERVERS } from "./verifier-examples.ts";

const ISSUER = "https://auth.example.com";

let project: PackageProject;

beforeAll(async () => {
  project = await installPackage();
});
afterAll(() => project.remove());

describe("that its types serve a consumer", () => {
  const CONSUMER = `
    import { createIssuer, createKmsSigner, exportPublicKey, SealgateError } from "sealgate/issuer";
    import type { FaultCode, IssuedToken, Issuer } from "sealgate/issuer";
    import { jwtVerify } from "jose";
    import { createRingJWKSet, KeysUnavailableError } from "sealgate/jose";
    import type { RingJWKSet } from "sealgate/jose";
    import { createVerifier, fromDocument, verifyToken } from "sealgate/verify";
    import type { Result, TokenRejection, VerifiedToken } from "sealgate/verify";
    import { createGateway, defineRoutes, requireScope, sealgate } from "sealgate/edge-verifier";
    import type { SealgateVariables } from "sealgate/edge-verifier";
    import { Hono } from "hono";

    export const app = new Hono();
    app.use("/api/*", sealgate());
    interface MyClaims { readonly tenant: string }
    app.get("/mine", sealgate<MyClaims>(), requireScope("a"), (c) => {
      const { sub, tenant } = c.get("jwtPayload");
      const names: readonly [string | undefined, string] = [sub, tenant];
      // @ts-expect-error a token may have no subject
      const subject: string = sub;
      return c.json({ names, subject, kid: c.get("auth").kid });
    });
    app.get("/maybe", sealgate<MyClaims>({ allow_anon: true }), (c) => {
      // @ts-expect-error the caller may be anonymous
      c.get("jwtPayload").tenant;
      return c.text(c.get("jwtPayload")?.tenant ?? "anonymous");
    });
    export const typed = new Hono<{ Variables: SealgateVariables<MyClaims> }>();
    typed.use(sealgate<MyClaims>({ audience: (c) => c.req.param("tenant") ?? "" }));
    typed.get("/", (c) => c.text(c.get("jwtPayload").tenant));
    const context = { waitUntil: (work: Promise<unknown>): void => void work };
    export const answered: Promise<Response> = createGateway([]).fetch(new Request("https://a.example"), {}, context);
    export const verifier = createVerifier({
      issuer: "${ISSUER}", audiences: ["a"], anchors: [{}], keySets: fromDocument("a.b.c"),
    });
    const keys: RingJWKSet = createRingJWKSet({
      issuer: "${ISSUER}", anchors: [{}], keySets: fromDocument("a.b.c"),
    });
    const verified = await jwtVerify("a.b.c", keys, { issuer: "${ISSUER}", audience: "a" });
    await jwtVerify("a.b.c", (header) => keys(header, undefined, context), { audience: "a" });
    export const subjectOfJose: string | undefined = verified.payload.sub;
    export const retryAfter = (error: unknown): number | undefined =>
      error instanceof KeysUnavailableError ? error.retryAfterSeconds : undefined;
    // @ts-expect-error what a token must say is jose's to check
    createRingJWKSet({ issuer: "${ISSUER}", anchors: [{}], keySets: fromDocument("a.b.c"), audiences: ["a"] });
    // @ts-expect-error no check can be left out
    createVerifier({ audiences: ["a"], anchors: [{}], keySets: fromDocument("a.b.c") });
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
  ] as const)("under moduleResolution %s with %s, and so do the pages' examples", async ([resolution, hono]) => {
    await project.usePeer("hono", hono);
    await project.usePeer("jose", hono === "hono" ? "jose" : "jose-lowest");
    const pages = ["README.md", "docs/middleware.md", "docs/verify.md", "docs/coming-from.md"].map((page) =>
      readFile(join(project.packageFolder, page), "utf8"),
    );
    const examples = (await Promise.all(pages)).flatMap(examplesOn);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    await project.write("consumer.ts", CONSUMER);
    for (const name of [...SERVERS, "@types/express"]) await project.usePeer(name, name);
    for (const [index, example] of examples.entries()) {
      await project.write(example.startsWith("// verifier.ts") ? "verifier.ts" : `example-${index}.ts`, example);
    }
    // Of the platform's types there is nothing here: declarations of the package need none.
    await project.write("env.d.ts", "interface Env {}\n");
    const compilerOptions = {
      target: "es2024",
      module: resolution === "nodenext" ? "nodenext" : "preserve",
      moduleResolution: resolution,
      lib: ["es2024", "dom", "dom.iterable"],
      types: ["node"],
      typeRoots: [join(ROOT, "node_modules", "@types")],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    };
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const tsc = join(ROOT, "node_modules", ".bin", "tsc");
    // Fails with what the compiler says.
    expect(await project.run(tsc, ["--project", "tsconfig.json"])).toEqual({ out: "", err: "" });
  });
});

/** The code blocks of a page that use the package, or the module that the page has made of it. */
function examplesOn(page: string): readonly string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map(([, code]) => given(code))
    .filter((code) => /from "(?:sealgate\/|\.\/verifier\.ts")/.test(code));
}
