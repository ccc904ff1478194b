/** The issuer's HTTP service with what takes tokens back: DynamoDB's protocol, and a key set that a server hands out in a gateway's place. */
import { vi } from "vitest";
import { createIssuerApp } from "../../../../issuer/http/app.ts";
import type { IssuerAppOptions, RevocationLogEntry } from "../../../../issuer/http/app.ts";
import { createReadiness } from "../../../../issuer/http/readiness.ts";
import { startHttpServer } from "../../../../issuer/http/server.ts";
import type { HttpServer } from "../../../../issuer/http/server.ts";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { NO_AUDIENCE } from "../../../../issuer/revocations/prove-token.ts";
import { createRevocations } from "../../../../issuer/revocations/revocations.ts";
import { singleSource } from "../../../../issuer/use-signer.ts";
import { createVerifier, fromUrl } from "../../../../shared/index.ts";
import { startDynamoDb } from "../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../support/dynamodb.ts";
import { seconds, TEST_ISSUER } from "../../../support/key-sets.ts";
import { createLocalSigner } from "../../../support/local-signer.ts";
import { serveRing } from "../../../support/served-ring.ts";
import type { ServedRing } from "../../../support/served-ring.ts";

export const NOW = 1_800_000_000;
const K = 60;
export const SECRET = "a-secret-that-is-too-long-to-guess";
export const AUTHORIZED = { authorization: `Bearer ${SECRET}` };

export interface RevokingService {
  readonly dynamodb: LocalDynamoDb;
  readonly log: readonly RevocationLogEntry[];
  /** Of the running service. */
  url(): string;
  /** The table of the running service, if it is one that `restart` has made. */
  table(): string;
  /** Starts the service anew, with an empty log; on an empty table unless other tables are named. */
  restart(options?: { readonly tables?: readonly string[]; readonly gateway?: string }): Promise<void>;
  readonly token: ServedRing["token"];
  post(path: string, body?: string | URLSearchParams, headers?: Readonly<Record<string, string>>): Promise<Response>;
  revoke(token: string): Promise<Response>;
  /** Sort keys in the table. */
  entries(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The app, with or without what takes tokens back. */
export async function issuerApp(revoking?: IssuerAppOptions["revoking"]): Promise<ReturnType<typeof createIssuerApp>> {
  const signer = await createLocalSigner("ES256");
  const source = { current: async () => signer };
  return createIssuerApp({
    issuer: createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 600 }),
    readiness: createReadiness({ signers: singleSource(source), nowMs: Date.now }),
    callerSecret: SECRET,
    log: () => undefined,
    nowMs: () => NOW * 1000,
    ...(revoking && { revoking }),
  });
}

export async function startRevokingService(): Promise<RevokingService> {
  const [dynamodb, { gateway, root, token }] = await Promise.all([startDynamoDb(), serveRing(seconds(NOW))]);
  const log: RevocationLogEntry[] = [];
  let count = 0;
  let table = "";
  let server: HttpServer | undefined;
  const clock = (): ReturnType<typeof seconds> => seconds(NOW);
  const url = (): string => server?.url ?? "";
  const post: RevokingService["post"] = (path, body, headers = AUTHORIZED) =>
    fetch(`${url()}${path}`, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
  return {
    dynamodb,
    log,
    url,
    table: () => table,
    async restart({ tables, gateway: from = gateway.url } = {}) {
      for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
      await server?.close();
      log.length = 0;
      if (tables === undefined) {
        table = `revocations-${(count += 1)}`;
        await dynamodb.createTable(table);
      }
      const verifier = createVerifier({
        issuer: TEST_ISSUER,
        audiences: [NO_AUDIENCE],
        anchors: [root.jwk],
        keySets: fromUrl(from),
        clock: () => NOW * 1000,
      });
      const app = await issuerApp({
        revocations: createRevocations({ issuer: TEST_ISSUER, tables: tables ?? [table], clock }),
        verifier,
        clockSkewSeconds: K,
        clock,
        log: (entry) => void log.push(entry),
      });
      server = await startHttpServer({
        handler: (request, target) => app.fetch(request, { target }),
        host: "127.0.0.1",
        port: 0,
      });
    },
    token,
    post,
    revoke: (token) => post("/revoke", new URLSearchParams({ token })),
    entries: () => dynamodb.revocations(table),
    async close() {
      vi.unstubAllEnvs();
      await server?.close();
      await gateway.close();
      await dynamodb.close();
    },
  };
}
