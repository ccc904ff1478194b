/**
 * The contenders of the verification suites: which Worker, for which algorithms, with how many tokens.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { isAccepted, loadTokens } from "./batch.ts";
import type { Material } from "./material.ts";
import type { RunningWorkers, WorkerSpec } from "./workerd.ts";

export interface ContenderSpec {
  readonly name: string;
  /** The file in bench/contenders, without its extension. */
  readonly module: string;
  readonly supports: (alg: Alg) => boolean;
  /** The floor looks at the signature only. */
  readonly checksClaims: boolean;
}

const all = (): boolean => true;
const noPss = (alg: Alg): boolean => !alg.startsWith("PS");

export const FLOOR = "bare subtle.verify";
export const FIRST_SIGHT = "sealgate verifyToken";
export const REMEMBERED = "sealgate remembered";

export const CONTENDERS: readonly ContenderSpec[] = [
  { name: FLOOR, module: "bare", supports: all, checksClaims: false },
  { name: "decoding and parsing alone", module: "least", supports: all, checksClaims: false },
  { name: FIRST_SIGHT, module: "sealgate-verify", supports: all, checksClaims: true },
  { name: "sealgate first sight", module: "sealgate-first-sight", supports: all, checksClaims: true },
  { name: REMEMBERED, module: "sealgate-remembered", supports: all, checksClaims: true },
  { name: "jose, key set", module: "jose", supports: all, checksClaims: true },
  { name: "jose, imported key", module: "jose-imported", supports: all, checksClaims: true },
  { name: "hono/jwk", module: "hono-jwk", supports: all, checksClaims: true },
  { name: "aws-jwt-verify", module: "aws-jwt-verify", supports: noPss, checksClaims: true },
  {
    name: "@tsndr/cloudflare-worker-jwt",
    module: "tsndr",
    supports: (alg) => noPss(alg) && alg !== "EdDSA",
    checksClaims: true,
  },
  { name: "oauth4webapi", module: "oauth4webapi", supports: all, checksClaims: true },
  { name: "KV get + import + verify", module: "naive", supports: all, checksClaims: true },
];

/** The Worker of a contender. */
export function workerOf(contender: ContenderSpec, material: Material, name: string = contender.module): WorkerSpec {
  return {
    name,
    entry: `bench/contenders/${contender.module}.ts`,
    vars: { SETTINGS: material.settings },
    kv: { KEYS: "bench-keys" },
  };
}

/**
 * Gives a contender its tokens and makes sure that it verifies: a good token passes, every bad one is refused.
 * @throws when a contender is faster than it may be because it does not check
 */
export async function prepareContender(
  running: RunningWorkers,
  contender: ContenderSpec,
  material: Material,
  name: string = contender.module,
): Promise<void> {
  const url = running.urlOf(name);
  await running.putKv(name, "KEYS", "jwks", JSON.stringify({ keys: material.settings.jwks }));
  await loadTokens(url, material.tokens);
  const [good = ""] = material.tokens;
  if (!(await isAccepted(url, good))) throw new Error(`${contender.name} refuses a good token`);
  for (const [problem, token] of Object.entries(material.badTokens)) {
    const isSeen = problem === "signature" || contender.checksClaims;
    if (isSeen && (await isAccepted(url, token)))
      throw new Error(`${contender.name} accepts a token with bad ${problem}`);
  }
}
