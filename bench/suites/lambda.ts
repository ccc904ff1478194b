/**
 * The signing Lambda: bundle size, and a cold container's way to its first token, against a handler that only holds the
 * SDK. Each start is a new Node process; KMS is the embedded one.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { bundleLambda } from "../../tools/bundle.ts";
import type { KmsReady } from "../issuers/kms-process.ts";
import type { Effort, ReportTable } from "../lib/report.ts";
import { interleave } from "../lib/rounds.ts";
import { median } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";

const HANDLERS = { "SignCommand alone": "bench/issuers/sdk-lambda.ts", sealgate: "issuer/lambda/sign.ts" };
const INVOKE = fileURLToPath(new URL("../issuers/invoke-lambda.mjs", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EVENT = { claims: { sub: "user-000001" }, audience: "https://api.example.com" };

interface Start {
  readonly loadMs: number;
  readonly firstMs: number;
  readonly cpuMs: number;
}

export async function lambdaTable(kms: KmsReady, effort: Effort): Promise<ReportTable> {
  const folder = mkdtempSync(join(tmpdir(), "sealgate-bench-"));
  try {
    const starts = new Map<string, Start[]>();
    const subjects = [];
    for (const [name, entry] of Object.entries(HANDLERS)) {
      const bundle = bundleIn(folder, name);
      await bundleLambda(join(ROOT, entry), bundle);
      subjects.push({
        name,
        async measure() {
          const start = await invoke(bundle, kms);
          starts.set(name, [...(starts.get(name) ?? []), start]);
          return start.cpuMs;
        },
      });
    }
    const results = await interleave(subjects, "SignCommand alone", effort.quick ? 3 : 15);
    return {
      title: "signing Lambda: from a new process to the first signature",
      head: ["handler", "bundle, bytes", "gzip", "load, ms", "first call, ms", "CPU, ms", "ratio"],
      rows: results.map(({ name, value, ratio }) => {
        const code = readFileSync(bundleIn(folder, name));
        const own = starts.get(name) ?? [];
        return [
          name,
          String(code.length),
          String(gzipSync(code).length),
          formatNumber(median(own.map(({ loadMs }) => loadMs))),
          formatNumber(median(own.map(({ firstMs }) => firstMs))),
          formatNumber(value.median),
          formatNumber(ratio.median),
        ];
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bundleIn(folder: string, name: string): string {
  return join(folder, `${name.replaceAll(" ", "-")}.mjs`);
}

async function invoke(bundle: string, kms: KmsReady): Promise<Start> {
  const { stdout } = await promisify(execFile)(process.execPath, [INVOKE, bundle, JSON.stringify(EVENT)], {
    env: {
      AWS_ENDPOINT_URL_KMS: kms.url,
      AWS_REGION: kms.region,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      SEALGATE_ISSUER: "https://auth.example.com",
      SEALGATE_KEY_ID: kms.keyIds["ES256"] ?? "",
      SEALGATE_ALG: "ES256",
      SEALGATE_MAX_TOKEN_TTL_SECONDS: "3600",
    },
  });
  const start: unknown = JSON.parse(stdout);
  const isStart = typeof start === "object" && start !== null && "loadMs" in start && "firstMs" in start;
  if (!isStart || !("cpuMs" in start)) throw new Error(`the handler printed ${stdout}`);
  return { loadMs: Number(start.loadMs), firstMs: Number(start.firstMs), cpuMs: Number(start.cpuMs) };
}
