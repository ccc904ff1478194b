/** What the Worker has said of itself, as rows, each with the repair. Pure. */
import type { Verdict, WorkerProblem } from "./ask-workers.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { varsOf } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

export function verdictRows(verdict: Verdict, config: WorkerConfig): readonly CheckRow[] {
  switch (verdict.kind) {
    case "ready":
      return [fine("worker", "The Worker starts, and takes its vars, bindings, policy and features.")];
    case "other":
      return [
        skipped("worker", "The Worker has no health endpoint: it is not made by createGateway, and was not asked."),
      ];
    case "crashed": {
      const repair =
        "Correct the code that is named, usually an option of createGateway; npx wrangler dev shows the place.";
      return [wrong("worker", `The Worker does not start: ${verdict.message}`, repair)];
    }
    case "problems":
      return verdict.problems.map((one) =>
        wrong("worker", `${one.variable} ${one.problem}.`, repairOf(one, config), one.variable),
      );
  }
}

/** What to put there, by variable. */
const REPAIRS: Readonly<Record<string, (where: string) => string>> = {
  TRUST_ANCHORS: (where) => `Run sealgate ring anchors, and put the line that it prints into ${where}.`,
  ISSUER: (where) => `Set ISSUER in ${where} to the iss of your tokens (SEALGATE_ISSUER of the issuer).`,
  AUDIENCE: (where) => `Set AUDIENCE in ${where} to the aud of your tokens, usually the gateway's own URL.`,
  RING: (where) => `Set RING in ${where} to the ring's name (SEALGATE_RING of the issuer).`,
  ORIGIN_URL: (where) => `Set ORIGIN_URL in ${where} to the https URL of your API server, or bind a service as ORIGIN.`,
  ORIGIN: () => "Bind ORIGIN to a service or an mTLS certificate, or take it out.",
  KEY_SETS: () => 'Bind the namespace: kv_namespaces = [{ binding = "KEY_SETS", id = "…" }].',
  MIN_REV: (where) => `Set MIN_REV in ${where} to a rev as sealgate ring status shows it, or take it out.`,
  BOOTSTRAP_KEY_SET: (where) =>
    `Set BOOTSTRAP_KEY_SET in ${where} to what sealgate ring bootstrap prints, or take it out.`,
  features: () => "List each feature once in features.ts.",
};

function repairOf({ variable, problem }: WorkerProblem, config: WorkerConfig): string {
  const where = varsOf(config);
  if (variable.startsWith("routes"))
    return `Correct ${variable === "routes" ? "the policy" : "that rule"} in routes.ts.`;
  const feature = /needs the feature (\w+)/.exec(problem)?.[1];
  if (feature !== undefined) return `List ${feature} in features.ts, or take ${variable} out of the configuration.`;
  return REPAIRS[variable]?.(where) ?? `Correct ${variable} in ${where}, or take it out.`;
}
