/**
 * The edge of the local stack: the real Worker and a small origin Worker in workerd, from the repository's wrangler.toml,
 * and the local KV API in front of the same namespace that the Worker reads. Ports are free ones.
 */
import { fileURLToPath } from "node:url";
import type { createTestHarness, TestHarnessOptions } from "wrangler";

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
  const harness = await createHarness(settings);
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

async function createHarness(settings: GatewaySettings): Promise<ReturnType<typeof createTestHarness>> {
  // Local runs must not ask the network for anything: no cf object to download, no usage data to send.
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  process.env["WRANGLER_SEND_METRICS"] = "false";
  const wrangler = await import("wrangler");
  return wrangler.createTestHarness(optionsFor(settings));
}

function optionsFor(settings: GatewaySettings): TestHarnessOptions {
  return {
    root: ROOT,
    workers: [
      {
        configPath: "wrangler.toml",
        vars: {
          ISSUER: settings.issuer,
          AUDIENCE: settings.audience,
          RING: settings.ring,
          TRUST_ANCHORS: JSON.stringify(settings.trustAnchors),
          ...settings.vars,
        },
        bindingOverrides: { ORIGIN: "sealgate-local-origin" },
      },
      { configPath: "test/local-stack/origin/wrangler.toml" },
    ],
  };
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
