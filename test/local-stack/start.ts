/** `npm start`: the local stack, kept up until Ctrl-C, with what one needs to play with it. */
import { once } from "node:events";
import { createIssuer } from "../../issuer/issuer.ts";
import { LOCAL_NAMESPACE_ID } from "./gateway.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER, LOCAL_RING, startStack } from "./stack.ts";

const TTL_SECONDS = 3600;

const stack = await startStack({ algs: ["ES256"] });
const stopped = interruption();
try {
  await stack.publish();
  const { gateway, kms, ring } = stack;
  const [active] = ring.generations;
  if (active === undefined) throw new TypeError("a ring has at least one generation");
  const tokens = createIssuer({ issuer: stack.issuer, signer: active, maxTokenTtlSeconds: TTL_SECONDS });
  const { token } = await tokens.sign(
    { sub: "user-1", scope: "orders" },
    { audience: LOCAL_AUDIENCE, ttlSeconds: TTL_SECONDS },
  );
  const environment = {
    ...kms.env,
    SEALGATE_ISSUER: LOCAL_ISSUER,
    SEALGATE_RING: LOCAL_RING,
    SEALGATE_KEY_ID: `alias/sealgate/${LOCAL_RING}/active`,
    SEALGATE_ALG: active.alg,
    SEALGATE_KV_BASE_URL: gateway.kvBaseUrl,
    SEALGATE_KV_NAMESPACE_ID: LOCAL_NAMESPACE_ID,
  };
  print(`sealgate is up on this machine.

  gateway   ${gateway.url}
  JWK Set   ${gateway.url}/.well-known/jwks.json
  health    ${gateway.url}/.well-known/sealgate/health
  KMS       ${kms.emulator.url}   (embedded, for development: it is not a KMS)

A token that lives for an hour (200), and none (401):

  curl -i ${gateway.url}/api/orders -H "Authorization: Bearer ${token}"
  curl -i ${gateway.url}/api/orders

More tokens, in another terminal:

${Object.entries(environment)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join("\n")}
  npm run -s sealgate -- token sign --audience ${LOCAL_AUDIENCE} --claims '{"sub":"user-2","scope":"admin"}'

Ctrl-C stops everything.
`);
  await stopped;
  print("\nstopping\n");
} finally {
  await stack.close();
}

/** Resolves at the first Ctrl-C. wrangler ends the process at once on these signals; here the stack is closed in order. */
async function interruption(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}

function print(text: string): void {
  process.stdout.write(text);
}
