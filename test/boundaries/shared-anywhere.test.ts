/**
 * The contract in an environment that has nothing but the Web's own globals: bundled as for a browser and run in a realm of
 * its own, without Node's modules and globals. Node and workerd run the suite in `test/both`.
 */
import { createContext, runInContext } from "node:vm";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../shared/algorithms.ts";
import { CLAIMS_RULES, GOOD_CLAIMS, NOW } from "../support/claims-samples.ts";
import { makeDocument, makeKey, makeRoot, signKeySet, signToken } from "../support/key-sets.ts";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

interface Bundle {
  readonly code: string;
  readonly inputs: readonly string[];
  /** What the bundle would have to load from elsewhere. */
  readonly imports: readonly string[];
}

/** A classic script that leaves the module's exports in a global. */
async function bundleForBrowser(entry: string, globalName: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    globalName,
    platform: "browser",
    target: "es2024",
    metafile: true,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { code: outputFiles.map(({ text }) => text).join(""), inputs: Object.keys(metafile.inputs), imports };
}

/** ECMAScript's own globals, and these of the Web; neither `process` nor `Buffer`, no `require`. */
const WEB_GLOBALS = { crypto, TextEncoder, TextDecoder, URL, atob, btoa };

/** What a page would do: open the key set, import its keys, verify tokens. Strings in, a string out. */
const PAGE = `(async () => {
  const { importTrustAnchors, openKeySet, importKeySet, verifyToken, parseIssuerUrl, parseRingName, parseAudience } = core;
  const { anchors, issuer, ring, audience, document, tokens, now, algs } = JSON.parse(given);
  const rules = {
    issuer: parseIssuerUrl(issuer).value, audiences: [parseAudience(audience)], algs: new Set(algs), typs: new Set(["jwt"]),
    clockSkewSeconds: 60, maxTokenTtlSeconds: 3600, maxTokenBytes: 16384,
  };
  const trusted = await importTrustAnchors(anchors);
  const opened = await openKeySet(document, { anchors: trusted.value, issuer: rules.issuer, ring: parseRingName(ring), leastRev: 1 }, now);
  const keys = await importKeySet(opened.value);
  const outcomes = [];
  for (const token of tokens) {
    const verified = await verifyToken(token, rules, keys, now);
    outcomes.push(verified.ok ? verified.value.header.alg : verified.error.code);
  }
  return JSON.stringify(outcomes);
})()`;

describe.each([
  ["shared/index.ts", "core"],
  ["shared/origin.ts", "origin"],
])("%s as for a browser", (entry, globalName) => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await bundleForBrowser(entry, globalName);
  });

  test("is made of the contract alone, and loads nothing", () => {
    expect(bundle.inputs).toContain(entry);
    expect(bundle.inputs.filter((input) => !/^shared\/(?:[\w-]+\/)?[\w-]+\.ts$/.test(input))).toEqual([]);
    expect(bundle.imports).toEqual([]);
  });

  test("starts where there are no globals but the Web's", () => {
    const page = createContext({ ...WEB_GLOBALS });
    runInContext(bundle.code, page);
    expect(runInContext(`typeof ${globalName}`, page)).toBe("object");
    const absent = ["process", "Buffer", "require", "fetch", "setTimeout"];
    for (const name of absent) expect(runInContext(`typeof ${name}`, page), name).toBe("undefined");
  });
});

test("in such a place it verifies tokens of every algorithm, and refuses a forgery", async () => {
  const { code } = await bundleForBrowser("shared/index.ts", "core");
  const [root, ...keys] = await Promise.all([makeRoot(), ...ALGS.map((alg) => makeKey(alg))]);
  const tokens = await Promise.all(keys.map((key) => signToken(GOOD_CLAIMS, key)));
  const [header, , signature] = (tokens[0] ?? "").split(".");
  const [, othersPayload] = (await signToken({ ...GOOD_CLAIMS, sub: "admin" }, root)).split(".");
  const forged = `${header}.${othersPayload}.${signature}`;
  const expired = await signToken(
    { ...GOOD_CLAIMS, exp: NOW - 3600, nbf: NOW - 7200, iat: NOW - 7200 },
    keys[0] ?? root,
  );
  const given = JSON.stringify({
    anchors: [root.jwk],
    issuer: CLAIMS_RULES.issuer,
    ring: "main",
    audience: CLAIMS_RULES.audiences[0],
    document: await signKeySet(makeDocument(keys, NOW), root),
    tokens: [...tokens, forged, expired],
    now: NOW,
    algs: ALGS,
  });
  const page = createContext({ ...WEB_GLOBALS, given });
  runInContext(code, page);
  const outcomes: unknown = JSON.parse(await (runInContext(PAGE, page) as Promise<string>));
  expect(outcomes).toEqual([...ALGS, "signature_invalid", "token_expired"]);
});
