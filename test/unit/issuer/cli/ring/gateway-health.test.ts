/** `sealgate ring status --gateway`: what a Worker says of its key set, beside what KV holds. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { gatewayHealth } from "../../../../support/gateway-health.ts";
import { jsonOf, sealgate } from "../support.ts";
import { SETTLE_SECONDS, startCliRing, startRipeRing } from "./support.ts";

/** A Worker that answers its health endpoint with this. */
async function startGateway(body: string | object, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    const isHealth = request.url === "/.well-known/sealgate/health";
    response.writeHead(isHealth ? status : 404).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("ring status --gateway", () => {
  test("says that the Worker serves what KV holds", async () => {
    const cli = await startRipeRing();
    const { rev } = await cli.document();
    const url = await startGateway(gatewayHealth({ status: "ok", rev, source: "memory", ageSeconds: 12 }));
    const run = await cli.ring(["status", "--gateway", url]);
    expect(run.code).toBe(EXIT.ok);
    expect(run.out).toContain(`gateway  ok, rev ${rev}: what KV holds, from memory, 12 s old`);
  });

  test("an older document is in order until S is over, and then exit code 4", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    const url = await startGateway(gatewayHealth({ status: "ok", rev: 1, source: "memory", ageSeconds: 1 }));
    const { issuedAt } = await cli.document();
    cli.pass(issuedAt + 270 - cli.now());
    const inTime = await cli.ring(["status", "--gateway", url]);
    expect(inTime).toMatchObject({ code: EXIT.ok, out: expect.stringContaining("which is still in order") });
    cli.pass(1);
    const late = await cli.ring(["status", "--gateway", url]);
    expect(late).toMatchObject({
      code: EXIT.notConverged,
      out: expect.stringContaining("older one than any edge should"),
    });
  });

  test.for([
    [
      "a newer document than KV holds",
      gatewayHealth({ status: "ok", rev: 9e15, source: "memory" }),
      200,
      "a newer one than KV holds",
    ],
    [
      "that is degraded",
      gatewayHealth({ status: "degraded", rev: 7, problem: "kv_failed" }),
      200,
      "degraded (kv_failed)",
    ],
    [
      "that has no keys",
      gatewayHealth({ status: "unavailable", problem: "key_set_missing" }),
      503,
      "unavailable (key_set_missing)",
    ],
    ["of other rings", { status: "ok", rings: [{ ring: "west", status: "ok" }] }, 200, "unreachable (it does not read"],
    ["that is something else", "<html>", 200, "unreachable (HTTP 200, no health report)"],
    ["that writes to the terminal", gatewayHealth({ status: "degraded", problem: "\u001b[2J" }), 200, "degraded\n"],
  ] as const)("a Worker %s is exit code 4", async ([, body, status, shown]) => {
    const cli = await startRipeRing();
    const run = await cli.ring(["status", "--gateway", await startGateway(body, status)]);
    expect(run).toMatchObject({
      code: EXIT.notConverged,
      out: expect.stringContaining("gateway  "),
    });
    expect(run.out).toContain(shown);
    expect(run.out).not.toContain("\u001b");
  });

  test("a Worker that cannot be reached does not hide the ring", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["status", "--json", "--gateway", "http://127.0.0.1:1"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(jsonOf(run)).toMatchObject({ active: 1, gateway: { status: "unreachable", problem: "no connection" } });
  });

  test.for(["gateway.example.com", "ftp://x", "https://user:pw@x", "https://x/?q"])("takes no %s", async (url) => {
    const run = await sealgate(["ring", "status", "--gateway", url]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("--gateway must be") });
  });
});
