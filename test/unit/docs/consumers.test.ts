/** docs/consumers.md: its sizes are those of real tokens, its times those of the benchmark's run, and its prices those that all costs are reckoned with. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import { kmsAlgorithmOf } from "../../../issuer/kms/algorithms.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { PRICES } from "../../../tools/figures.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { given } from "../../support/values.ts";

function cellsOf(page: string, begins: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8");
  const [, section = ""] = text.split(`${begins}\n`);
  const lines = section.split(/^#/m)[0]?.split("\n") ?? [];
  // A table's lines, but for the one of hyphens.
  const rows = lines.filter((line) => line.startsWith("|") && /\w/.test(line));
  return rows.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** By the algorithm's name; a row may be of several. */
const table = new Map<string, readonly string[]>(
  cellsOf("docs/consumers.md", "## Which algorithm").flatMap((cells) =>
    given(cells[0])
      .split(", ")
      .map((alg) => [alg, cells] as const),
  ),
);

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.close());

async function tokenLength(alg: Alg): Promise<number> {
  const signer = await createKmsSigner({ keyId: await kms.createKeyFor(alg), alg, kms: kms.kms });
  const issuer = createIssuer({ issuer: "https://auth.example.com", signer, maxTokenTtlSeconds: 3600 });
  const claims = { sub: "user-1", scope: "orders:read" };
  return (await issuer.sign(claims, { audience: "https://api.example.com", ttlSeconds: 300 })).token.length;
}

const [names = [], ...rows] = cellsOf(
  "docs/performance-run.md",
  "### verify: CPU per verification, microseconds (median)",
);
const firstSight = given(rows.find(([contender]) => contender === "sealgate first sight"));

test.each(ALGS)("%s: key, price, size and time", async (alg) => {
  const [, key, price, size, microseconds] = given(table.get(alg));
  expect(kmsAlgorithmOf(alg).keySpecs[0]).toBe(key);
  expect(price).toBe(`$${key === "RSA_2048" ? PRICES.kmsRsa2048Per10000 : PRICES.kmsOthersPer10000}`);
  // Another run of the benchmark differs a little; what the page says of it is no longer true beyond a third.
  const measured = Number(firstSight[names.indexOf(alg)]);
  expect(Math.abs(Number(microseconds) / measured - 1)).toBeLessThan(1 / 3);
  expect(await tokenLength(alg)).toBe(Number(size));
});
