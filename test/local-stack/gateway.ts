/**
 * The edge of the local stack: the real Worker and a small origin Worker in workerd, from the repository's wrangler.toml,
 * and the local KV API in front of the same namespace that the Worker reads. Ports are free ones.
 */
import { fileURLToPath } from "node:url";
import type { TestHarnessOptions, Unstable_RawConfig } from "wrangler";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The id of the local namespace in wrangler.toml. */
export const LOCAL_NAMESPACE_ID = "KEY_SETS";

export interface GatewaySettings {
  readonly issuer: string;
  readonly audience: string;
  readonly ring: string;
  /** The root public keys, as JWKs. */
  readonly trustAnchors: readonly unknown[];
  /** More vars of the Worker. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Another module than the one that is deployed, from the root of the repository. */
  readonly main?: string;
}

/** One structured event of the gateway. */
export type GatewayEvent = Readonly<Record<string, unknown>>;

export interface Gateway {
  readonly url: string;
  /** `SEALGATE_KV_BASE_URL` for this stack. */
  readonly kvBaseUrl: string;
  /** The events that the gateway has logged since the last call. */
  takeEvents(): readonly GatewayEvent[];
  /** What a deployment does: the Worker starts again, with these vars instead; KV stays as it is. */
  deploy(vars: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export async function startGateway(settings: GatewaySettings): Promise<Gateway> {
  // Local runs must not ask the network for anything: no cf object to download, no usage data to send.
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  process.env["WRANGLER_SEND_METRICS"] = "false";
  const wrangler = await import("wrangler");
  const { env: _, ...config } = wrangler.experimental_readRawConfig({ config: `${ROOT}wrangler.toml` }).rawConfig;
  const optionsFor = (current: GatewaySettings): TestHarnessOptions => ({
    root: ROOT,
    workers: [gatewayOf(current, config), { configPath: "test/local-stack/origin/wrangler.toml" }],
  });
  const harness = wrangler.createTestHarness(optionsFor(settings));
  let vars = settings.vars;
  const { url } = await harness.listen();
  return {
    url: url.origin,
    kvBaseUrl: new URL("/cdn-cgi/local/explorer/api", url).href,
    takeEvents() {
      const events = harness.getLogs().flatMap((log) => parseEvent(log.message));
      harness.clearLogs();
      return events;
    },
    async deploy(changes) {
      vars = { ...vars, ...changes };
      await harness.update(optionsFor({ ...settings, vars }));
    },
    close: () => harness.close(),
  };
}

function gatewayOf(settings: GatewaySettings, config: Unstable_RawConfig): TestHarnessOptions["workers"][number] {
  const { main } = settings;
  const vars = {
    ISSUER: settings.issuer,
    AUDIENCE: settings.audience,
    RING: settings.ring,
    TRUST_ANCHORS: JSON.stringify(settings.trustAnchors),
    ...settings.vars,
  };
  const service = "sealgate-local-origin";
  if (main === undefined) return { configPath: "wrangler.toml", vars, bindingOverrides: { ORIGIN: service } };
  const services = [{ binding: "ORIGIN", service }];
  return { config: { ...config, main, vars: { ...config.vars, ...vars }, services } };
}

function parseEvent(message: unknown): GatewayEvent[] {
  if (typeof message !== "string") return [];
  try {
    const event: unknown = JSON.parse(message);
    return typeof event === "object" && event !== null ? [{ ...event }] : [];
  } catch {
    return [];
  }
}
