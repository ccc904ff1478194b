/**
 * The whole of it on this machine, without an account: a KMS emulator, a ring in it, KV, the gateway from wrangler.toml, and
 * an origin server that answers with what reached it. Nothing is sent anywhere.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

process.env["WRANGLER_SEND_METRICS"] = "false";
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";

const root = dirname(import.meta.dirname);
const sealgate = join(dirname(createRequire(import.meta.url).resolve("sealgate/package.json")), "dist", "cli.js");

/** As in wrangler.toml, at the top level. */
export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "https://api.example.com";

export async function startLocalRing() {
  const { createTestHarness } = await import("wrangler");
  const kms = spawn(process.execPath, [sealgate, "kms-emulator", "--json"], { stdio: ["ignore", "pipe", "ignore"] });
  const harness = createTestHarness(optionsFor({}));
  const close = async () => {
    kms.kill();
    await harness.close();
  };
  try {
    const [started] = await once(createInterface({ input: kms.stdout }), "line");
    const { url } = await harness.listen();
    const env = environmentFor(JSON.parse(started), url);
    const run = async (...argv) => (await promisify(execFile)(process.execPath, [sealgate, ...argv], { env })).stdout;
    const { trustAnchors } = JSON.parse(await run("ring", "init", "--json"));
    await harness.update(optionsFor({ TRUST_ANCHORS: JSON.stringify(trustAnchors) }));
    return {
      /** Asks the gateway; `token` goes into the Authorization header. */
      fetch: (path, token) => fetch(new URL(path, url), { headers: token ? { authorization: `Bearer ${token}` } : {} }),
      /** A token with these claims, signed by the ring. */
      token: async (claims) =>
        (await run("token", "sign", "--ring", "--audience", AUDIENCE, "--claims", JSON.stringify(claims))).trim(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The Worker as wrangler.toml has it at its top level, and an origin server behind it. */
function optionsFor(vars) {
  return {
    root,
    workers: [
      { configPath: "wrangler.toml", vars, bindingOverrides: { ORIGIN: "origin" } },
      { config: { name: "origin", main: join(root, "test", "origin.js"), compatibility_date: "2026-11-01" } },
    ],
  };
}

function environmentFor(kms, gateway) {
  return {
    PATH: process.env["PATH"],
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_REGION: kms.region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    SEALGATE_ISSUER: ISSUER,
    SEALGATE_RING: "main",
    SEALGATE_KV_BASE_URL: new URL("/cdn-cgi/local/explorer/api", gateway).href,
    SEALGATE_KV_NAMESPACE_ID: "KEY_SETS",
  };
}
