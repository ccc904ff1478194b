/** `sealgate ring reconcile`: what a schedule runs; what is due is done, once, and told by exit code. */
import { CreateAliasCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { DEAD_TOKEN } from "../../../../support/fake-cloudflare.ts";
import { jsonObject } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { messagesOf, startCliRing, startRipeRing } from "./support.ts";

describe("ring reconcile", () => {
  test("does what is due, and nothing the second time", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    const repair = await cli.ring(["reconcile"]);
    expect(repair).toMatchObject({
      code: EXIT.ok,
      out: expect.stringContaining("publish the key set (refused): done, rev"),
    });
    expect(await cli.ring(["reconcile"])).toMatchObject({
      code: EXIT.ok,
      out: expect.stringMatching(/^nothing to do/),
    });
  });

  test("rotates when the policy says so", async () => {
    const cli = await startRipeRing({ rotateEverySeconds: 9000 });
    cli.pass(9000);
    expect((await cli.ring(["reconcile"])).out).toContain("let generation 2 sign instead of 1 (due): done");
  });

  test("--dry-run tells what is due with exit code 4, changes nothing, and ends with 0 when nothing is", async () => {
    const cli = await startRipeRing();
    expect((await cli.ring(["reconcile", "--dry-run"])).code).toBe(EXIT.ok);
    await cli.overwrite("something else");
    const run = await cli.ring(["reconcile", "--dry-run"]);
    expect(run).toMatchObject({ code: EXIT.notConverged, out: expect.stringContaining("would publish the key set") });
    expect(run.err).not.toContain('"audit"');
    expect(cli.stored()).toBe("something else");
  });

  test("never creates a ring: without one it is exit code 4", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["reconcile"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(run.out).toBe("");
    expect(messagesOf(run)).toContain("problem root_missing");
    expect(messagesOf(run)).toContain("this run failed (root_missing)");
    expect(jsonOf(await cli.ring(["reconcile", "--json"]))).toMatchObject({
      converged: false,
      failure: { code: "root_missing" },
    });
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });

  test("KV that cannot be read fails the run although nothing is due: exit code 5 or 1, never `nothing to do`", async () => {
    const cli = await startRipeRing();
    cli.cloudflare.script({ on: "read", times: 99, does: DEAD_TOKEN });
    const run = await cli.ring(["reconcile"]);
    expect(run.code).toBe(EXIT.unauthorized);
    expect(run.out).not.toContain("nothing to do");
    expect(messagesOf(run)).toMatch(/problem document_unknown: .*403 \(code 10000\): check CLOUDFLARE_API_TOKEN/);
    expect(messagesOf(run)).toContain("this run failed (publish_unauthorized)");
    const { code, out } = await cli.ring(["reconcile", "--json"]);
    expect(code).toBe(EXIT.unauthorized);
    expect(jsonObject(out)).toMatchObject({ converged: false, failure: { code: "publish_unauthorized" }, due: [] });
  });

  test("a problem that is only reported is no failed run, but exit code 4 and not converged", async () => {
    const cli = await startRipeRing();
    const copy = { AliasName: "alias/sealgate/main/3", TargetKeyId: (await cli.generation(2)).keyId };
    await cli.kms.client.send(new CreateAliasCommand(copy));
    const run = await cli.ring(["reconcile", "--json"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(jsonOf(run)).toMatchObject({ converged: false, problems: [{ code: "generation_duplicate" }] });
    expect(jsonOf(run)).not.toHaveProperty("failure");
  });

  test("a step that fails is told with its code and is exit code 1; what is done is kept for the next run", async () => {
    const cli = await startCliRing();
    cli.cloudflare.script({ on: "write", times: 10, does: { kind: "answer", status: 503 } });
    const failed = await cli.ring(["init"]);
    expect(failed.code).toBe(EXIT.failure);
    expect(messagesOf(failed)).toMatch(/failed to publish the key set \(missing\): publish_/);
    expect(messagesOf(failed)).toContain("not finished");
    const { CreateKey } = cli.kms.emulator.requests;
    expect((await cli.ring(["reconcile"])).code).toBe(EXIT.ok);
    expect(cli.kms.emulator.requests.CreateKey).toBe(CreateKey);
  });

  test("credentials that Cloudflare refuses are exit code 5", async () => {
    const cli = await startCliRing();
    cli.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 403 } });
    expect((await cli.ring(["init"])).code).toBe(EXIT.unauthorized);
  });

  test("--json names the step that failed", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    cli.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 403 } });
    expect(jsonOf(await cli.ring(["reconcile", "--json"]))).toMatchObject({
      converged: false,
      steps: [{ step: "publish", result: "failed", fault: "publish_unauthorized" }],
      problems: [{ code: "document_lost" }],
    });
  });
});
