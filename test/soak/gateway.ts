/**
 * The gateway of a soak run: the Worker as it is uploaded, listening itself, without a development server in between that
 * would answer, log or keep something of its own. The local KV API stands beside it, in front of the namespace that it reads.
 */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { buildWorkerBundle } from "../support/worker-bundle.ts";

export const SOAK_NAMESPACE_ID = "soak-key-sets";

export interface SoakGateway {
  readonly url: string;
  /** `SEALGATE_KV_BASE_URL`. */
  readonly kvBaseUrl: string;
  close(): Promise<void>;
}

/** @param vars the Worker's vars, complete */
export async function startSoakGateway(vars: Readonly<Record<string, string>>): Promise<SoakGateway> {
  const { code } = await buildWorkerBundle();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "gateway",
      cf: false,
      unsafeDirectSockets: [{}],
      unsafeLocalExplorer: true,
      // What the Worker logs is read and thrown away: a pipe that nobody empties would stop it.
      handleStructuredLogs: () => {},
      modules: true,
      script: code,
      compatibilityDate: "2026-11-01",
      compatibilityFlags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
      kvNamespaces: { KEY_SETS: SOAK_NAMESPACE_ID },
      bindings: { ...vars },
    }),
  );
  const front = await miniflare.ready;
  return {
    url: (await miniflare.unsafeGetDirectURL("gateway")).origin,
    kvBaseUrl: new URL("/cdn-cgi/local/explorer/api", front).href,
    close: () => miniflare.dispose(),
  };
}
