/**
 * Tests are found by the path of the product: what `issuer/kms/retry.ts` does is tested in `test/unit/issuer/kms/retry.test.ts`
 * (or `test/worker/…`, or `test/both/…`), or in several files that begin with its name, `retry-backoff.test.ts`.
 */
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Files without behaviour of their own: lists of what others offer, wiring, types, tables and errors. */
const EXEMPT: readonly string[] = [
  "edge-verifier/features.ts",
  "edge-verifier/features/all.ts",
  "edge-verifier/index.ts",
  "edge-verifier/policy/requirement.ts",
  "edge-verifier/policy/rule.ts",
  "edge-verifier/routes.ts",
  "edge-verifier/worker.ts",
  "issuer/console/page/main.ts",
  "issuer/errors.ts",
  "issuer/key-ring/index.ts",
  "issuer/key-ring/model/observed.ts",
  "issuer/key-ring/model/plan.ts",
  "issuer/key-ring/model/steps.ts",
  "issuer/key-ring/plan/request-plan.ts",
  "issuer/key-ring/ports.ts",
  "issuer/kms-emulator/errors.ts",
  "issuer/kms-emulator/operation-names.ts",
  "issuer/kms-emulator/operations/context.ts",
  "issuer/kms-emulator/operations/index.ts",
  "issuer/kms/algorithms.ts",
  "issuer/kms/port.ts",
  "shared/foreign/problems.ts",
  "issuer/revocations/store.ts",
  "shared/index.ts",
  "shared/keys/held-key-set.ts",
  "shared/origin.ts",
  "shared/rejection.ts",
  "shared/revocations/problems.ts",
  "shared/result.ts",
];

let files: readonly string[];
let untested: readonly string[];
beforeAll(async () => {
  files = (await list("{shared,edge-verifier,issuer}/**/*.ts")).filter((file) => !file.endsWith(".d.ts"));
  const tests = await list("test/{unit,worker,both}/**/*.test.ts");
  untested = files.filter((file) => !tests.some((path) => isTestOf(path, file)));
});

async function list(pattern: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern, { cwd: ROOT })) paths.push(path.replaceAll("\\", "/"));
  return paths;
}

/** @param file of the product, `shared/jws.ts` */
function isTestOf(path: string, file: string): boolean {
  const name = path.replace(/^test\/(?:unit|worker|both)\//, "").replace(/\.test\.ts$/, "");
  const wanted = file.replace(/\.ts$/, "");
  return name === wanted || name.startsWith(`${wanted}-`);
}

describe("a file of the product", () => {
  test("has a test of its path", () => {
    expect(files.length).toBeGreaterThan(150);
    expect(untested.filter((file) => !EXEMPT.includes(file))).toEqual([]);
  });

  test("that is listed as an exception exists, and has no test of its path", () => {
    expect(EXEMPT.filter((file) => !untested.includes(file))).toEqual([]);
  });

  test.each([
    ["test/unit/issuer/kms/retry.test.ts", true],
    ["test/worker/issuer/kms/retry-backoff.test.ts", true],
    ["test/unit/issuer/kms/retrying.test.ts", false],
    ["test/unit/issuer/retry.test.ts", false],
    ["test/e2e/issuer/kms/retry.test.ts", false],
  ])("is tested by %s: %s", (path, expected) => {
    expect(isTestOf(path, "issuer/kms/retry.ts")).toBe(expected);
  });
});
