/** What is in the Worker that is uploaded: facts of the built file, not of the sources. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { beforeAll, describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { buildWorkerBundle, COMPLETE_WORKER } from "../support/worker-bundle.ts";
import type { WorkerBundle } from "../support/worker-bundle.ts";

const BUDGET_BYTES = 27_000;
const FEATURE_BUDGET_BYTES = 1_200;

const production = unstable_readConfig({ config: "wrangler.toml", env: "production" });

const featuresOf = ({ inputs }: WorkerBundle): readonly string[] =>
  inputs.filter((input) => /^edge-verifier\/features\/(?!all\.ts)/.test(input));

let bundle: WorkerBundle;
let complete: WorkerBundle;
beforeAll(async () => {
  [bundle, complete] = await Promise.all([buildWorkerBundle(), buildWorkerBundle(COMPLETE_WORKER)]);
});

describe("the uploaded Worker", () => {
  test("is made of the contract, the edge and hono, and of nothing else", () => {
    expect(bundle.inputs.length).toBeGreaterThan(20);
    const foreign = bundle.inputs.filter((input) => !/^(?:shared|edge-verifier|node_modules\/hono)\//.test(input));
    expect(foreign).toEqual([]);
  });

  test("imports nothing at run time", () => {
    expect(bundle.code).not.toMatch(/\bimport\s*(?:[\w*{][^;]*?from\s*)?["']/);
    expect(bundle.code).not.toMatch(/\brequire\s*\(/);
    expect(bundle.code).not.toContain("node:");
  });

  test("holds nothing of AWS and no key", () => {
    for (const text of ["aws", "TrentService", "RSASSA_PKCS1_V1_5_SHA_256", "PRIVATE KEY", "generateKey"]) {
      expect(bundle.code).not.toContain(text);
    }
  });

  test("holds no feature that features.ts does not list", () => {
    const text = readFileSync(new URL("../../edge-verifier/features.ts", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^import .* from "\.\/(features\/[\w-]+\.ts)";$/gm)].map(([, file]) => file);
    expect(featuresOf(complete).length).toBeGreaterThan(listed.length);
    expect(new Set(featuresOf(bundle))).toEqual(new Set(listed.map((file) => `edge-verifier/${file}`)));
  });

  test("signs nothing", () => {
    expect(bundle.code).not.toMatch(/\bsubtle\.sign\(/);
  });

  test("signs two things with all features, neither of them a token: the assertion, and names of subjects for the log", () => {
    const calls = [...complete.code.matchAll(/\bsubtle\.sign\(("\w+")?/g)].map(([, algorithm = ""]) => algorithm);
    // The first of the two checks that the halves of the assertion's key belong together.
    expect(calls.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['"Ed25519"', '"Ed25519"', '"HMAC"']);
  });

  test("never lets a request past on an exception", () => {
    expect(bundle.code).not.toContain("passThroughOnException");
  });

  test(`is at most ${BUDGET_BYTES} bytes with gzip, and ${FEATURE_BUDGET_BYTES} more for each feature`, () => {
    for (const { code, features } of [bundle, complete].map((one) => ({ ...one, features: featuresOf(one) }))) {
      const most = BUDGET_BYTES + features.length * FEATURE_BUDGET_BYTES;
      expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(most);
    }
  });
});

test("a Worker with these flags has no Node API", async () => {
  const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = production;
  const script = "export default { fetch: () => Response.json([typeof process, typeof Buffer, typeof require]) };";
  const options = { modules: true, script, compatibilityFlags, compatibilityDate: compatibilityDate ?? "" };
  const miniflare = new Miniflare(convertV4MiniflareOptions(options));
  try {
    const response = await miniflare.dispatchFetch("http://localhost/");
    expect(await response.json()).toEqual(["undefined", "undefined", "undefined"]);
  } finally {
    await miniflare.dispose();
  }
});
