/**
 * Test projects. `unit` and `e2e` run in Node, `worker` inside workerd; the core suite (`test/both`) runs in both, since
 * the same verification code is used in both.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { answerAsOrigin } from "./test/support/echo-origin.ts";
import { publicVectors } from "./test/support/public-vectors.ts";

/** Public test vectors, kept beside the repository and never in it. */
const vectors = publicVectors(new URL("../shared/vectors/jws-vectors.jsonl", import.meta.url));

/** Leads the words of a policy (edge-verifier/routes.ts) to the source, as wrangler.toml does for the Worker. */
const resolve = {
  alias: { "sealgate/edge-verifier": fileURLToPath(new URL("./edge-verifier/index.ts", import.meta.url)) },
};

/** Miniflare takes responses of its own fetch implementation only. */
const toResponse = (body: string, init: ResponseInit): Response => new Response(body, init);

export default defineConfig({
  test: {
    // The report that the CI script counts; what passing tests print is left out.
    reporters: ["default", ["json", { outputFile: "reports/vitest.json" }]],
    silent: "passed-only",
    // Vitest leaves a core to itself, which on two cores means one worker. The end-to-end files wait more than they compute.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        plugins: [vectors],
        resolve,
        test: {
          name: "unit",
          // The files of a worker share what they import, which takes a third of the time away.
          isolate: false,
          setupFiles: "test/support/after-each-file.ts",
          include: [
            "test/both/**/*.test.ts",
            "test/unit/**/*.test.ts",
            "test/boundaries/**/*.test.ts",
            "test/simulation/**/*.test.ts",
          ],
          testTimeout: 240_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          vectors,
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { serviceBindings: { ORIGIN: (request: Request) => answerAsOrigin(request, toResponse) } },
          }),
        ],
        resolve,
        test: {
          name: "worker",
          // One workerd for all files: four times faster, and no suite depends on another's isolate or KV entries.
          isolate: false,
          include: ["test/both/**/*.test.ts", "test/worker/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/pack-once.ts",
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
