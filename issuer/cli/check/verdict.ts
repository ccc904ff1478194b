/** What the Worker has said of itself, as rows, each with the repair. Pure. */
import type { TrustAnchorProblem } from "../../../shared/signed-key-set.ts";
import { anchorsRepair } from "./agreement.ts";
import type { Verdict, WorkerProblem } from "./ask-workers.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { keySetsBinding, varsOf } from "./worker-config.ts";
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
      const message = `The Worker does not start: ${verdict.message}`;
      if (/^Compatibility date /i.test(verdict.message)) return [wrong("worker", message, DATE_REPAIR, DATE)];
      const repair = verdict.message.startsWith("with ")
        ? "Make compatibility_date and compatibility_flags those that sealgate new writes; npx wrangler dev shows more."
        : "Correct the code that is named, usually an option of createGateway; npx wrangler dev shows the place.";
      return [wrong("worker", message, repair)];
    }
    case "problems":
      return verdict.problems.map((one) =>
        wrong("worker", `${one.variable} ${inWords(one)}.`, repairOf(one, config), one.variable),
      );
  }
}

const DATE = "compatibility_date";
const DATE_REPAIR =
  "Set compatibility_date in the wrangler configuration to a day that the installed wrangler knows, as sealgate new does.";

/** @param said wrangler's own words for why it cannot bundle the Worker */
export function bundleRow(said: string): CheckRow {
  // What wrangler proposes follows on lines of its own.
  const message = said.replace(/(?<=\.) Add the following .*$/, "");
  if (said.includes(DATE)) return wrong("bundle", message, DATE_REPAIR, DATE);
  if (/entry-?point/i.test(said))
    return wrong("bundle", message, "Set main in the wrangler configuration to the Worker's file.", "main");
  return wrong("bundle", message, "Correct the code that wrangler names, and try npx wrangler deploy --dry-run.");
}

/** What can be wrong with a root key, after "key 1". */
const ANCHOR_PROBLEMS: Readonly<Record<TrustAnchorProblem["problem"], string>> = {
  not_an_object: "is no JSON object",
  private_member: "is a private or secret key, and only a public one may be there",
  alg_unsupported: "has no alg, or one that is not supported",
  kty_mismatch: "has a kty that does not fit its alg",
  crv_mismatch: "has a crv that does not fit its alg",
  use_not_sig: "has a use that is not sig",
  key_ops_not_verify: "has key_ops that are not verify alone",
  kid_invalid: "has a kid that is not 1 to 512 visible ASCII characters",
  kid_mismatch: "has a kid that is not its thumbprint",
  modulus_invalid: "has a broken modulus",
  modulus_too_small: "is an RSA key of less than 2048 bits",
  modulus_too_large: "is an RSA key of more than 8192 bits",
  exponent_invalid: "has a broken exponent",
  coordinate_invalid: "has a broken coordinate",
  point_weak: "is a weak point, for which signatures can be made without a private key",
  import_failed: "is no key of its curve",
};

/** The Worker names a key by its place, and the problem by its code: "[0] kid_mismatch"; of several rings "TRUST_ANCHORS.west". */
function inWords({ variable, problem }: WorkerProblem): string {
  const [, place, code] = /^\[(\d+)\] (\w+)$/.exec(problem) ?? [];
  const words = new Map<string, string>(Object.entries(ANCHOR_PROBLEMS)).get(code ?? "");
  if (withoutRing(variable) !== "TRUST_ANCHORS" || words === undefined) return problem;
  return `is refused, because its key ${Number(place) + 1} ${words}`;
}

function withoutRing(variable: string): string {
  return variable.replace(/\..*$/s, "");
}

/** What is to be repaired. */
interface Repairable {
  /** As the Worker names it: "MIN_REV", or of several rings "MIN_REV.west". */
  readonly variable: string;
  readonly where: string;
  readonly config: WorkerConfig;
}

/** What to put there, by variable. */
const REPAIRS: Readonly<Record<string, (wrong: Repairable) => string>> = {
  TRUST_ANCHORS: ({ config }) => anchorsRepair(config),
  ISSUER: ({ where }) => `Set ISSUER in ${where} to the iss of your tokens (SEALGATE_ISSUER of the issuer).`,
  AUDIENCE: ({ where }) => `Set AUDIENCE in ${where} to the aud of your tokens, usually the gateway's own URL.`,
  RING: ({ where }) => `Set RING in ${where} to the ring's name (SEALGATE_RING of the issuer).`,
  ORIGIN_URL: ({ where }) =>
    `Set ORIGIN_URL in ${where} to the https URL of your API server, or bind a service as ORIGIN.`,
  ORIGIN: () => "Bind ORIGIN to a service or an mTLS certificate, or take it out.",
  KEY_SETS: ({ config }) => `Bind the namespace: ${keySetsBinding(config)}.`,
  MIN_REV: ({ variable, where }) =>
    `Set ${variable} in ${where} to a rev as sealgate ring status shows it, or take it out.`,
  BOOTSTRAP_KEY_SET: ({ variable, where }) =>
    `Set ${variable} in ${where} to what sealgate ring bootstrap prints, or take it out.`,
  features: () => "List each feature once (in most projects, in features.ts).",
};

function repairOf({ variable, problem }: WorkerProblem, config: WorkerConfig): string {
  const where = varsOf(config);
  if (variable.startsWith("routes"))
    return `Correct ${variable === "routes" ? "the policy" : "that rule"} (in most projects, in routes.ts).`;
  const feature = /needs the feature (\w+)/.exec(problem)?.[1];
  if (feature !== undefined) {
    return `List the feature ${feature} (in most projects, in features.ts), or take ${variable} out of the configuration.`;
  }
  const repair = REPAIRS[withoutRing(variable)];
  return repair?.({ variable, where, config }) ?? `Correct ${variable} in ${where}, or take it out.`;
}
