/** The complete Worker in workerd, over HTTP on loopback, with a key set of one ES256 key in a real KV namespace. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { issuerUrl, makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken } from "./key-sets.ts";
import type { TestKey } from "./key-sets.ts";
import { given } from "./values.ts";

export const GATEWAY_AUDIENCE = "https://api.example.com";

export interface IssuerGateway {
  /** Its scheme and host. */
  readonly url: string;
  readonly issuer: string;
  /** The pinned root keys. */
  readonly anchors: readonly object[];
  readonly key: TestKey;
  /** A token of the issuer's, good for ten minutes. */
  token(claims?: object, header?: Record<string, string>, signer?: TestKey): Promise<string>;
  close(): Promise<void>;
}

/** @param issuer by default the gateway itself */
export async function startIssuerGateway(issuer?: string): Promise<IssuerGateway> {
  const entryPoints = [fileURLToPath(new URL("complete-worker.ts", import.meta.url))];
  const alias = { "sealgate/edge-verifier": fileURLToPath(new URL("../../edge-verifier/index.ts", import.meta.url)) };
  const [bundle, port, root, key] = await Promise.all([
    build({ entryPoints, alias, bundle: true, write: false, format: "esm", target: "es2024" }),
    freePort(),
    makeRoot(),
    makeKey("ES256"),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const ISSUER = issuer ?? url;
  const gateway = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: given(bundle.outputFiles[0]).text,
      port,
      bindings: {
        ISSUER,
        AUDIENCE: GATEWAY_AUDIENCE,
        TRUST_ANCHORS: JSON.stringify([root.jwk]),
        ORIGIN_URL: "http://127.0.0.1:9",
      },
      kvNamespaces: ["KEY_SETS"],
      compatibilityDate: "2026-11-01",
      cf: false,
    }),
  );
  await gateway.ready;
  const now = Math.floor(Date.now() / 1000);
  const document = makeDocument([key], seconds(now), { issuer: issuerUrl(ISSUER) });
  await (await gateway.getKVNamespace("KEY_SETS")).put("key-set:main", await signKeySet(document, root));
  return {
    url,
    issuer: ISSUER,
    anchors: [root.jwk],
    key,
    token: (claims = {}, header = {}, signer = key) =>
      signToken(
        { iss: ISSUER, aud: GATEWAY_AUDIENCE, sub: "user-1", iat: now, exp: now + 600, ...claims },
        signer,
        header,
      ),
    close: () => gateway.dispose(),
  };
}

/** An issuer's name has to be known before its host is started. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}
