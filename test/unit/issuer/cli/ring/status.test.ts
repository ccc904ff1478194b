/** `sealgate ring status`: where the ring stands, as text, as JSON and beside what a gateway serves. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { DEAD_TOKEN } from "../../../../support/fake-cloudflare.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { startCliRing, startCliTable, startRipeRing } from "./support.ts";

describe("ring status", () => {
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

describe("ring status, where tokens can be taken back", () => {
  test("shows the list, what the next run does about it, and from when on Workers may require it", async () => {
    const cli = await startRipeRing();
    const { env, revocations } = await startCliTable(cli);
    const none = await cli.ring(["status"], { env });
    expect(none.code).toBe(EXIT.notConverged);
    expect(none.out).toMatch(/^list {5}none; the next run publishes another one \(missing\)$/m);
    expect((await cli.ring(["reconcile", "--dry-run"], { env })).out).toContain(
      "would publish the list of taken-back tokens (missing)",
    );
    await cli.ring(["reconcile"], { env });
    const first = await cli.ring(["status"], { env });
    expect(first.code).toBe(EXIT.ok);
    // S + K + 1 by the default policy.
    expect(first.out).toMatch(
      /^list {5}rev \d+, 0 tokens, 0 sessions, 0 subjects, 0 s old, expires in 1 d; Workers may require it from 20\S+ \(in 5 min 31 s\)$/m,
    );
    cli.pass(331);
    await revocations.revokeToken({ jti: "stolen" });
    const later = await cli.ring(["status"], { env });
    expect(later.code).toBe(EXIT.notConverged);
    expect(later.out).toMatch(/; the next run publishes another one \(revoked\); Workers may require it now$/m);
    await cli.ring(["reconcile"], { env });
    expect(jsonOf(await cli.ring(["status", "--json"], { env }))).toMatchObject({
      converged: true,
      list: { kind: "read", counts: { jti: 1, sid: 0, sub: 0 }, due: [], requiredFrom: expect.any(Number) },
    });
  });

  test("a table that cannot be read is a fault, and the list in KV is shown all the same", async () => {
    const cli = await startRipeRing();
    const { env, network } = await startCliTable(cli);
    await cli.ring(["reconcile"], { env });
    network.isCut = true;
    const run = await cli.ring(["status"], { env });
    expect(run.code).toBe(EXIT.failure);
    expect(run.out).toMatch(/^list {5}rev \d+, 0 tokens.*; not known: revocation_table_unreachable: /m);
    expect(jsonOf(await cli.ring(["status", "--json"], { env }))).toMatchObject({
      converged: false,
      failure: { code: "revocation_table_unreachable" },
      list: { kind: "read", fault: "revocation_table_unreachable" },
    });
  });
});
