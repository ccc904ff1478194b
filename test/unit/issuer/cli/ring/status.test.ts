/** `sealgate ring status`: where the ring stands, as text, as JSON and beside what a gateway serves. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { DEAD_TOKEN } from "../../../../support/fake-cloudflare.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf, sealgate } from "../support.ts";
import { LEAD_SECONDS, SETTLE_SECONDS, startCliRing, startRipeRing } from "./support.ts";

describe("ring status", () => {
  test("shows each generation with its state, kid and key, when it becomes safe, and what KV holds", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const { code, out, err } = await cli.ring(["status"]);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: "" });
    const { rev, keys } = await cli.document();
    const [, active, pending] = /^gen.*\n(1 .*)\n(2 .*)$/m.exec(out) ?? [];
    expect(active).toMatch(/^1 +active +ES256/);
    expect(active).toContain(keys[0]?.kid);
    expect(active).toContain((await cli.generation(1)).keyId);
    expect(pending).toMatch(/^2 +pending .*signs 20\d\d-.*Z \(in 2\d d .*\), published, not settled yet/);
    expect(out).toMatch(/^next\n(?: {2}20\d\d-.*\n)+/m);
    expect(out).toContain(`KV       rev ${rev}, 2 keys, 0 revoked, expires in`);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    expect((await cli.ring(["status"])).out).toContain("safe to sign in 1 h 5 min, in an emergency in 5 min");
    cli.pass(LEAD_SECONDS - 3600);
    expect((await cli.ring(["status"])).out).toMatch(/safe to sign in (1 h|59 min.*), in an emergency now/);
    cli.pass(3600);
    expect((await cli.ring(["status"])).out).toContain("safe to sign now");
  });

  test("shows a rotation and a revocation for what they are", async () => {
    const cli = await startRipeRing();
    await cli.ring(["rotate"]);
    expect((await cli.ring(["status"])).out).toMatch(/^1 +retiring .*leaves the key set 20\d\d-.*Z \(in 1 h 14 min\)/m);
    const { publicKey } = await cli.generation(1);
    await cli.ring(["revoke", given(publicKey).kid, "--yes"]);
    expect((await cli.ring(["status"])).out).toMatch(/^1 +revoked .*\(Disabled\).*refused since 20\d\d-/m);
  });

  test("changes nothing, and is exit code 4 while something is due", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const text = given(cli.stored());
    await cli.overwrite("something else");
    const run = await cli.ring(["status"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(run.out).toMatch(/^due now\n {2}publish the key set \(refused\)/m);
    expect(run.out).toContain("problem  document_lost");
    expect(cli.stored()).toBe("something else");
    await cli.overwrite(text);
    expect((await cli.ring(["status"])).code).toBe(EXIT.ok);
  });

  test("without a ring there is nothing to show, which is exit code 4, and not converged", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["status"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(run.out).toMatch(/^root none$/m);
    expect(run.out).toContain("problem  root_missing");
    expect(jsonOf(await cli.ring(["status", "--json"]))).toMatchObject({
      converged: false,
      failure: { code: "root_missing" },
      due: [],
      problems: [{ code: "root_missing" }],
    });
  });

  test("KV that cannot be read is exit code 1, and the answer of Cloudflare is shown", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.cloudflare.script({ on: "read", times: 99, does: { kind: "answer", status: 503 } });
    expect(await cli.ring(["status"])).toMatchObject({
      code: EXIT.failure,
      out: expect.stringContaining("not known (publish_failed: the Cloudflare API answered 503"),
    });
    expect(jsonOf(await cli.ring(["status", "--json"]))).toMatchObject({
      converged: false,
      failure: { code: "publish_failed" },
    });
  });

  test("an API token that Cloudflare refuses is exit code 5, with what to check, as when writing", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.cloudflare.script({ on: "read", times: 99, does: DEAD_TOKEN });
    const run = await cli.ring(["status"]);
    expect(run.code).toBe(EXIT.unauthorized);
    expect(run.out).toMatch(
      /problem {2}document_unknown: .*answered 403 \(code 10000\): check CLOUDFLARE_API_TOKEN and its permission Workers KV Storage: Edit/,
    );
  });

  test("KMS that refuses the credentials is exit code 5", async () => {
    const cli = await startCliRing();
    cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    expect(await cli.ring(["status"])).toMatchObject({ code: EXIT.unauthorized, out: "" });
  });

  test("--json has the same as numbers and names", async () => {
    const cli = await startRipeRing();
    const { rev, issuedAt } = await cli.document();
    const { kid } = given((await cli.generation(2)).publicKey);
    expect(jsonOf(await cli.ring(["status", "--json"]))).toMatchObject({
      ring: "main",
      converged: true,
      active: 1,
      generations: [
        { generation: 1, state: "active" },
        { generation: 2, state: "pending", kid, alg: "ES256", keyState: "Enabled", maySignFrom: expect.any(Number) },
      ],
      document: { kind: "read", rev, issuedAt, revoked: [] },
      stalenessBoundSeconds: 270,
      due: [],
      problems: [],
    });
  });
});

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
    const url = await startGateway({ status: "ok", rev, source: "memory", ageSeconds: 12 });
    const run = await cli.ring(["status", "--gateway", url]);
    expect(run.code).toBe(EXIT.ok);
    expect(run.out).toContain(`gateway  ok, rev ${rev}: what KV holds, from memory, 12 s old`);
  });

  test("an older document is in order until S is over, and then exit code 4", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    const url = await startGateway({ status: "ok", rev: 1, source: "kv", ageSeconds: 1 });
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
    ["a newer document than KV holds", { status: "ok", rev: 9e15, source: "memory" }, 200, "a newer one than KV holds"],
    ["that is degraded", { status: "degraded", rev: 7, problem: "kv_failed" }, 200, "degraded (kv_failed)"],
    ["that has no keys", { status: "unavailable", code: "keys_unavailable" }, 503, "unavailable (keys_unavailable)"],
    ["that is something else", "<html>", 200, "unreachable (HTTP 200, no health report)"],
    ["that writes to the terminal", { status: "degraded", problem: "\u001b[2J" }, 200, "degraded\n"],
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
