/** docs/foreign-issuers.md: its entry is one, its policies start, and the walk from Auth0 to own tokens is walked, step by step. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { foreignIssuers } from "../../../edge-verifier/features/foreign-issuers.ts";
import { createGateway } from "../../../edge-verifier/gateway.ts";
import type { RoutePolicy } from "../../../edge-verifier/policy/rule.ts";
import type { RequestEvent } from "../../../edge-verifier/request/event.ts";
import { parseForeignIssuers } from "../../../shared/foreign/issuer.ts";
import { blocksOf } from "../../support/doc-examples.ts";
import { createForeignNetwork } from "../../support/foreign-network.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../support/key-sets.ts";
import { makeStandIns, standInNamed } from "../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../support/stand-in-issuers.ts";
import { given } from "../../support/values.ts";

const NOW = 1_800_000_000;
const BLOCKS = blocksOf("docs/foreign-issuers.md").map(({ code }) => code);
const ENTRIES = given(BLOCKS.find((code) => code.startsWith("[")));
const POLICIES = BLOCKS.filter((code) => code.includes("defineRoutes"));

let folder: string;
let policies: readonly RoutePolicy[];
let auth0: StandInIssuer;
let root: TestRoot;
let key: TestKey;
let keySet: string;
beforeAll(async () => {
  const rule = fileURLToPath(new URL("../../../edge-verifier/policy/rule.ts", import.meta.url));
  folder = await mkdtemp(join(tmpdir(), "sealgate-foreign-"));
  policies = await Promise.all(
    POLICIES.map(async (code, index) => {
      const file = join(folder, `policy-${String(index)}.ts`);
      await writeFile(file, code.replace("sealgate/edge-verifier", rule));
      const loaded = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly default: RoutePolicy };
      return loaded.default;
    }),
  );
  auth0 = standInNamed(await makeStandIns(), "Auth0");
  [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  keySet = await signKeySet(makeDocument([key], seconds(NOW - 10)), root);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

interface Answer {
  readonly status: number;
  /** What the origin server is told of the caller. */
  readonly caller: string | null;
  readonly event: RequestEvent | undefined;
}

/** A gateway with a policy of the page, and what it does with a token. */
function gatewayWith(
  routes: RoutePolicy,
  entries: string | undefined,
): (path: string, token?: string) => Promise<Answer> {
  const network = createForeignNetwork();
  network.serve(auth0.entry.jwks_uri, auth0.jwkSet);
  vi.stubGlobal("fetch", network.fetch);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const events: RequestEvent[] = [];
  const env = {
    ISSUER: TEST_ISSUER,
    AUDIENCE: "https://api.acme.example",
    TRUST_ANCHORS: [root.jwk],
    KEY_SETS: { get: () => Promise.resolve(new Response(keySet).body) },
    ORIGIN: {
      fetch: ({ headers }: Request) =>
        Promise.resolve(
          new Response(headers.get("x-sealgate-foreign-subject") ?? headers.get("x-sealgate-subject") ?? ""),
        ),
    },
    ...(entries === undefined ? {} : { FOREIGN_ISSUERS: entries }),
  };
  const gateway = createGateway(routes, {
    features: [foreignIssuers],
    clock: () => NOW * 1000,
    onEvent: (event) => events.push(event),
  });
  return async (path, token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const request = new Request(`https://api.acme.example${path}`, { headers });
    const response = await gateway.fetch(request, env, { waitUntil: () => undefined });
    const caller = response.ok ? await response.text() : null;
    return { status: response.status, caller, event: events.at(-1) };
  };
}

const ownToken = (scope: string): Promise<string> =>
  signToken({ iss: TEST_ISSUER, aud: "https://api.acme.example", sub: "user-1", iat: NOW, exp: NOW + 300, scope }, key);

/** As Auth0 writes it for a client without roles: scopes are in `scope`. */
const auth0Token = (scope: string): Promise<string> => auth0.access(NOW, { scope });

test("the entry is one, and the policies are those of the text", () => {
  expect(parseForeignIssuers(JSON.parse(ENTRIES), TEST_ISSUER)).toMatchObject({
    ok: true,
    value: [{ issuer: auth0.entry.issuer }],
  });
  expect(POLICIES).toHaveLength(4);
});

describe("moving to own tokens", () => {
  test("1: nothing is refused, and the log says what would be", async () => {
    const send = gatewayWith(given(policies[1]), ENTRIES);
    expect(await send("/api/orders/7", await auth0Token("orders:read"))).toMatchObject({
      status: 200,
      caller: "auth0|5f7c8ec7c33c6c004bbafe82",
    });
    for (const token of [undefined, await auth0Token("profile"), await auth0.refused(NOW)]) {
      const answer = await send("/api/orders/7", token);
      expect(answer).toMatchObject({ status: 200, caller: "" });
      expect(answer.event?.reported).toBeDefined();
    }
  });

  test("2: the route that enforces refuses, the others still report", async () => {
    const send = gatewayWith(given(policies[2]), ENTRIES);
    expect((await send("/api/orders/7", await auth0Token("profile"))).status).toBe(403);
    expect((await send("/api/orders/7")).status).toBe(401);
    expect((await send("/api/invoices/7")).status).toBe(200);
  });

  test("3: both are accepted, and the log counts them by iss", async () => {
    const send = gatewayWith(given(policies[2]), ENTRIES);
    const [before, after] = [
      await send("/api/orders/7", await auth0Token("orders:read")),
      await send("/api/orders/7", await ownToken("orders:read")),
    ];
    expect([before.event?.iss, after.event?.iss]).toEqual([auth0.entry.issuer, TEST_ISSUER]);
    expect([before.caller, after.caller]).toEqual(["auth0|5f7c8ec7c33c6c004bbafe82", "user-1"]);
  });

  test("4: one is taken away", async () => {
    const send = gatewayWith(given(policies[3]), undefined);
    expect((await send("/api/orders/7", await ownToken("orders:read"))).status).toBe(200);
    expect((await send("/api/orders/7", await auth0Token("orders:read"))).status).toBe(401);
    // The entry without a rule that names it stops the gateway.
    expect((await gatewayWith(given(policies[3]), ENTRIES)("/api/orders/7")).status).toBe(500);
  });
});

test("the policy with a pipeline starts with an entry for each issuer that it names", async () => {
  const github = {
    issuer: "https://token.actions.githubusercontent.com",
    jwks_uri: "https://token.actions.githubusercontent.com/.well-known/jwks",
    algs: ["RS256"],
    audiences: ["https://api.acme.example"],
    claims: { repository_owner_id: ["65"] },
  };
  const entries: unknown = JSON.parse(ENTRIES);
  const all = JSON.stringify([...(Array.isArray(entries) ? entries : []), github]);
  const send = gatewayWith(given(policies[0]), all);
  expect((await send("/orders/7", await auth0Token("orders:read"))).status).toBe(200);
  expect((await send("/deploy/x", await auth0Token("ops"))).status).toBe(403);
  expect((await send("/deploy/x", await ownToken("ops"))).status).toBe(200);
  expect((await send("/x", await auth0Token("orders:read"))).status).toBe(403);
});
