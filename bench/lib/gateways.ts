/**
 * The Workers of the gateway suite, what each is asked, and the proof that each does what it is measured for.
 */
import type { Material } from "./material.ts";
import { AUDIENCE, ISSUER } from "./material.ts";
import type { RunningWorkers, WorkerSpec } from "./workerd.ts";

export interface GatewaySpec {
  readonly name: string;
  /** The Worker that is asked, and its module in bench/gateways. */
  readonly worker: string;
  readonly path: string;
  /** `few`: seen before, after the first round. `many`: more than are remembered. */
  readonly tokens: "few" | "many";
  /** Whether a token with a wrong signature has to be refused. */
  readonly verifies: boolean;
}

const API = "/api/orders/4711?expand=items";
const OPEN = "/public/orders/4711?expand=items";

export const PASS_THROUGH = "pass-through";
export const HONO_PROXY = "hono/proxy";
export const BARE_VERIFY = "subtle.verify, then pass";
export const LEAST = "the promised work alone";
export const PUBLIC = "sealgate, public route";
export const REMEMBERED = "sealgate, remembered";
export const FIRST_SIGHT = "sealgate, first sight";

export const GATEWAYS: readonly GatewaySpec[] = [
  { name: "origin alone", worker: "origin", path: API, tokens: "many", verifies: false },
  { name: PASS_THROUGH, worker: "pass-through", path: API, tokens: "many", verifies: false },
  { name: HONO_PROXY, worker: "hono-proxy", path: API, tokens: "many", verifies: false },
  { name: BARE_VERIFY, worker: "bare-verify", path: API, tokens: "many", verifies: true },
  { name: "jose, then pass", worker: "jose", path: API, tokens: "many", verifies: true },
  { name: "hono/jwk, then pass", worker: "hono-jwk", path: API, tokens: "many", verifies: true },
  { name: "KV per request, hono/proxy", worker: "naive", path: API, tokens: "many", verifies: true },
  { name: LEAST, worker: "least", path: API, tokens: "many", verifies: false },
  { name: PUBLIC, worker: "sealgate-open", path: OPEN, tokens: "few", verifies: false },
  { name: REMEMBERED, worker: "sealgate-remembering", path: API, tokens: "few", verifies: true },
  { name: FIRST_SIGHT, worker: "sealgate-silent", path: API, tokens: "many", verifies: true },
  { name: "sealgate, remembered, with its log", worker: "sealgate", path: API, tokens: "few", verifies: true },
];

/** Workers whose module has another name: each has an isolate, and compiled code, of its own. */
const MODULES: Readonly<Record<string, string>> = {
  "sealgate-open": "sealgate-silent",
  "sealgate-remembering": "sealgate-silent",
};

const RING = "main";

/** The origin and every gateway in front of it. */
export function gatewayWorkers(material: Material): readonly WorkerSpec[] {
  const names = [...new Set(GATEWAYS.map(({ worker }) => worker))];
  return names.map((name) => ({
    name,
    entry: `bench/gateways/${MODULES[name] ?? name}.ts`,
    ...(name === "origin" ? {} : bindingsFor(material)),
  }));
}

/** What a gateway is deployed with. */
export function bindingsFor(material: Material): Pick<WorkerSpec, "vars" | "kv" | "services"> {
  return {
    vars: {
      SETTINGS: material.settings,
      ISSUER,
      AUDIENCE,
      RING,
      TRUST_ANCHORS: JSON.stringify(material.settings.anchors),
    },
    kv: { KEYS: "bench-keys", KEY_SETS: "bench-key-sets" },
    services: { ORIGIN: "origin" },
  };
}

/**
 * Fills KV, and asks every gateway once with a good token and, if it verifies, once with each bad one.
 * @throws when one of them answers otherwise than it must
 */
export async function prepareGateways(running: RunningWorkers, material: Material): Promise<void> {
  await running.putKv("sealgate", "KEYS", "jwks", JSON.stringify({ keys: material.settings.jwks }));
  await running.putKv("sealgate", "KEY_SETS", `key-set:${RING}`, material.settings.keySet);
  const [good = ""] = material.tokens;
  for (const { name, worker, path, verifies } of GATEWAYS) {
    const url = running.urlOf(worker) + path;
    const passed = await statusOf(url, good);
    if (passed !== 200) throw new Error(`${name} answers ${String(passed)} to a good token`);
    const refused = verifies ? await statusOf(url, material.badTokens["signature"] ?? "") : 401;
    if (refused !== 401) throw new Error(`${name} answers ${String(refused)} to a bad token`);
  }
}

async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
}
