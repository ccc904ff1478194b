/** The runbooks of rotation and compromise, followed word for word on the local stack. */
import { expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import { createCloudflareKvPublisher } from "../../../issuer/publish/cloudflare-kv.ts";
import { LOCAL_NAMESPACE_ID } from "../../local-stack/gateway.ts";
import { LOCAL_POLICY } from "../../local-stack/ring-stack.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import { given } from "../../support/values.ts";
import { follow, openShell, startRipeStack } from "./runbook.ts";
import { gatewayAt } from "./consumers.ts";

const SLOW = { timeout: 240_000 };

test("planned rotation: both keys are accepted, and the ring is at rest", SLOW, async () => {
  const stack = await startRipeStack();
  const output = await follow("planned-rotation.md", stack);
  expect(output).toContain("let generation 2 sign instead of 1 (requested): done");
  expect(output.match(/"path":"\/api\/orders"/g)).toHaveLength(2);
  const { observed } = await stack.reconcile();
  expect(observed.active?.generation).toBe(2);
});

test("compromise: the active key is refused within the printed bound, and a new token is accepted", SLOW, async () => {
  const stack = await startRipeStack();
  const ttlSeconds = LOCAL_POLICY.timing.maxTokenTtlSeconds;
  const issuer = createIssuer({ issuer: LOCAL_ISSUER, ring: stack.createSource(), maxTokenTtlSeconds: ttlSeconds });
  const { token, kid } = await issuer.sign({ sub: "user-1" }, { audience: LOCAL_AUDIENCE, ttlSeconds });
  const gatewayUrl = stack.gateway.url;
  expect((await gatewayAt(gatewayUrl).ask(token)).status).toBe(200);
  const kv = createCloudflareKvPublisher({ baseUrl: stack.gateway.kvBaseUrl, namespaceId: LOCAL_NAMESPACE_ID });
  const ring = stack.policy.ring;
  const before = given(await kv.read(ring));
  const output = await follow("compromise.md", stack);
  expect(output).toContain(`revoked ${kid}, published `);
  expect(output).toContain('"path":"/api/orders"');
  const bound = given(/every edge refuses its tokens by (\S+)/.exec(output)?.[1]);
  const untilMs = Date.parse(bound) - Date.now();
  expect(untilMs).toBeLessThanOrEqual(stalenessBoundSeconds(stack.policy.timing) * 1000);
  await expect.poll(async () => (await gatewayAt(gatewayUrl).ask(token)).status, { timeout: untilMs }).toBe(401);
  // The page closes the way back: an isolate that starts new does not take the key set from before.
  await kv.publish(ring, before, 1);
  await stack.gateway.deploy({});
  expect((await gatewayAt(gatewayUrl).ask(token)).status).toBe(401);
});

test(
  "compromise, while KV cannot be written: with MIN_REV above it, no edge uses the document that it has",
  SLOW,
  async () => {
    const stack = await startRipeStack();
    const shell = await openShell(stack);
    const status = await shell.run("sealgate ring status");
    const rev = Number(given(/^KV +rev (\d+)/m.exec(status)?.[1]));
    const health = async (): Promise<number> =>
      (await fetch(`${stack.gateway.url}/.well-known/sealgate/health`)).status;
    expect(await health()).toBe(200);
    await stack.gateway.deploy({ MIN_REV: String(rev + 1) });
    expect(await health()).toBe(503);
    await shell.run(`sealgate ring revoke "$(sealgate ring status | awk '$2 == "active" { print $4 }')" --yes`);
    await expect.poll(health, { timeout: 60_000 }).toBe(200);
  },
);

test("stolen token: it is refused once the list with it is published, and its neighbour is not", SLOW, async () => {
  const stack = await startRipeStack({ revocations: true });
  const shell = await openShell(stack);
  const kv = createCloudflareKvPublisher({ baseUrl: stack.gateway.kvBaseUrl, namespaceId: LOCAL_NAMESPACE_ID });
  let [stolen, neighbour] = ["", ""];
  const statusOf = async (token: string): Promise<number> => (await gatewayAt(stack.gateway.url).ask(token)).status;
  const befalls = {
    "Take it back": async () => {
      [stolen = "", neighbour = ""] = (await shell.run("cat stolen.token neighbour.token")).trim().split("\n");
      expect([await statusOf(stolen), await statusOf(neighbour)]).toEqual([200, 200]);
    },
    "See that it is refused": () => expect.poll(() => statusOf(stolen), { timeout: 60_000 }).toBe(401),
    "The list is gone": async () => {
      await kv.publishRevocations(stack.policy.ring, "gone\n", 1);
      await stack.gateway.deploy({});
      expect([await statusOf(stolen), await statusOf(neighbour)]).toEqual([503, 503]);
    },
  };
  const output = await follow("stolen-token.md", stack, befalls, shell);
  for (const what of ["one token", "all tokens of the session", "all tokens of the subject"]) {
    expect(output).toContain(`taken back: ${what}`);
  }
  expect(output).toMatch(/^list {5}rev \d+, 2 tokens, 1 session, 1 subject, .*; Workers may require it now$/m);
  expect(output).toContain('"code":"invalid_token"');
  expect(output).toContain('"path":"/api/orders"');
  // The list that the page has published again opens the gateway, and still names the stolen token.
  await expect.poll(() => statusOf(neighbour), { timeout: 60_000 }).toBe(200);
  expect(await statusOf(stolen)).toBe(401);
});
