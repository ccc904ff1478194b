/**
 * `npm run demo`: the whole job once. A ring is made in the embedded KMS, its key set is published to the local KV, tokens of
 * every algorithm go through the gateway, and so do the forgeries that people fear. Ends with exit code 0 when every answer
 * is as it should be, otherwise with 1 and the first surprise.
 */
import { ALGS } from "../../shared/algorithms.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { createRevocations } from "../../issuer/revocations/revocations.ts";
import { forgeries, overwriteKeySet } from "./forgeries.ts";
import { LOCAL_AUDIENCE, startStack } from "./stack.ts";
import type { Stack } from "./stack.ts";
import { createTranscript, SurpriseError } from "./transcript.ts";
import type { Transcript } from "./transcript.ts";

/** M for the demo, so that it takes no half minute to see what the gateway does with an overwritten key set. */
const MEMORY_TTL_SECONDS = 1;

const transcript = createTranscript(process.stdout);
const startedAt = performance.now();
transcript.title("sealgate: tokens sealed in AWS KMS, checked at the edge");
transcript.note("Everything runs on this machine: an embedded KMS, Workers KV, the gateway and an origin in workerd.");

const stack = await startStack({
  algs: ALGS,
  timing: { memoryTtlSeconds: MEMORY_TTL_SECONDS },
  revocations: true,
});
try {
  await run(stack, transcript);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  transcript.end(`Every one of ${String(transcript.checks())} answers was as it should be (${seconds} s).`);
} catch (error) {
  if (!(error instanceof SurpriseError)) throw error;
  transcript.surprise(error.message);
  process.exitCode = 1;
} finally {
  await stack.close();
}

async function run(stack: Stack, transcript: Transcript): Promise<void> {
  transcript.step("The ring");
  transcript.fact("KMS", `${stack.kms.emulator.url} (embedded; speaks KMS's protocol, is not a KMS)`);
  transcript.fact("root key", `${stack.ring.root.alg}, signs key sets only, kid ${stack.ring.root.kid}`);
  transcript.fact(
    "token keys",
    `${String(stack.ring.generations.length)} active or earlier, and a pending one; one algorithm each`,
  );
  const { rev, bytes } = await stack.publish();
  transcript.fact("key set", `rev ${String(rev)}, ${String(bytes)} bytes, signed, in KV, read back`);
  const taken = await stack.publishList();
  transcript.fact("list", `${String(taken)} tokens are taken back; signed as well, in KV beside the key set`);
  transcript.fact("gateway", `${stack.gateway.url}, knows the root's public key and no AWS credential`);

  transcript.step("Tokens that KMS has signed        GET /api/orders");
  for (const signer of stack.ring.generations) {
    const tokens = createIssuer({ issuer: stack.issuer, signer, maxTokenTtlSeconds: 3600 });
    const { token } = await tokens.sign({ sub: "user-1", scope: "orders" }, { audience: LOCAL_AUDIENCE });
    await transcript.send(stack.gateway, { what: signer.alg, token, expect: 200 });
  }

  await showToken(stack, transcript);

  transcript.step("Requests without a token, or beyond what the token permits");
  const active = createIssuer({ issuer: stack.issuer, signer: activeOf(stack), maxTokenTtlSeconds: 3600 });
  const { token } = await active.sign({ sub: "user-1", scope: "orders" }, { audience: LOCAL_AUDIENCE });
  await transcript.send(stack.gateway, { what: "no token", expect: 401 });
  await transcript.send(stack.gateway, { what: "public route, no token", path: "/public/hello", expect: 200 });
  await transcript.send(stack.gateway, {
    what: "admin route, scope missing",
    token,
    path: "/api/admin/users",
    expect: 403,
  });
  await transcript.send(stack.gateway, { what: "unknown route", token, path: "/internal", expect: 404 });
  await transcript.send(stack.gateway, {
    what: "encoded path traversal",
    token,
    path: "/public/%5c..%5capi",
    expect: 400,
  });

  transcript.step("Forgeries");
  for (const { what, token: forged } of await forgeries(stack)) {
    await transcript.send(stack.gateway, { what, token: forged, expect: 401 });
  }

  await takeBack(stack, transcript);

  transcript.step("An attacker who can write KV, but cannot sign with the root key, replaces the key set");
  const attackersToken = await overwriteKeySet(stack);
  await memoryIsOver();
  const health: unknown = await (await fetch(`${stack.gateway.url}/.well-known/sealgate/health`)).json();
  transcript.fact("health", describeHealth(health));
  await transcript.send(stack.gateway, { what: "token of the attacker's key", token: attackersToken, expect: 401 });
  await transcript.send(stack.gateway, { what: "good token, meanwhile", token, expect: 200 });
}

/** One of two tokens is stolen. */
async function takeBack(stack: Stack, transcript: Transcript): Promise<void> {
  transcript.step("A token is stolen, and taken back");
  const tokens = createIssuer({ issuer: stack.issuer, signer: activeOf(stack), maxTokenTtlSeconds: 3600 });
  const [stolen, neighbour] = await Promise.all(
    ["user-1", "user-1"].map((sub) => tokens.sign({ sub, scope: "orders" }, { audience: LOCAL_AUDIENCE })),
  );
  if (stolen === undefined || neighbour === undefined || stack.store === undefined) throw new TypeError("no table");
  await transcript.send(stack.gateway, { what: "stolen token, before", token: stolen.token, expect: 200 });
  const revocations = createRevocations({ issuer: stack.issuer, tables: [stack.store] });
  await revocations.revokeToken({ jti: stolen.jti, expiresAt: stolen.expiresAt });
  transcript.fact("list", `${String(await stack.publishList())} token is taken back`);
  await memoryIsOver();
  await transcript.send(stack.gateway, { what: "stolen token", token: stolen.token, expect: 401 });
  await transcript.send(stack.gateway, { what: "the user's other token", token: neighbour.token, expect: 200 });
}

function memoryIsOver(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, MEMORY_TTL_SECONDS * 1000 + 200);
  });
}

/** One token as it travels, and what it says. */
async function showToken(stack: Stack, transcript: Transcript): Promise<void> {
  const signer = stack.ring.generations.find(({ alg }) => alg === "ES256") ?? activeOf(stack);
  const tokens = createIssuer({ issuer: stack.issuer, signer, maxTokenTtlSeconds: 3600 });
  const { token } = await tokens.sign({ sub: "user-1", scope: "orders" }, { audience: LOCAL_AUDIENCE });
  const [header = "", payload = ""] = token.split(".");
  transcript.note(`\n   One of them:\n   ${token}`);
  transcript.fact("header", Buffer.from(header, "base64url").toString());
  transcript.fact("claims", Buffer.from(payload, "base64url").toString());
}

function describeHealth(health: unknown): string {
  const [ring = {}] = isHealth(health) ? health.rings : [];
  const { status, source, problem } = ring;
  return `${String(status)}: KV holds ${JSON.stringify(problem)}, so the gateway stays with its ${String(source)} document`;
}

interface Health {
  readonly rings: readonly { readonly status?: string; readonly source?: string; readonly problem?: string }[];
}

function isHealth(value: unknown): value is Health {
  return typeof value === "object" && value !== null && "rings" in value && Array.isArray(value.rings);
}

function activeOf(stack: Stack): Stack["ring"]["root"] {
  const active = stack.ring.generations.at(-1);
  if (active === undefined) throw new TypeError("a ring has at least one generation");
  return active;
}
