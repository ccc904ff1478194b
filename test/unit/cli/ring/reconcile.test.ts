/** `sealgate ring reconcile`: what a schedule runs; what is due is done, once, and told by exit code. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CliIo } from "../../../../issuer/cli/io.ts";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { LEAD_SECONDS, messagesOf, startCliRing, startRipeRing } from "./support.ts";
import type { CliRing } from "./support.ts";

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
    const cli = await startRipeRing({ rotateEverySeconds: 7200 });
    cli.pass(7200);
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
    expect(messagesOf(run)).toContain("problem root_missing");
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });

  test("a step that fails is told with its code and is exit code 4; what is done is kept for the next run", async () => {
    const cli = await startCliRing();
    cli.cloudflare.script({ on: "write", times: 10, does: { kind: "answer", status: 503 } });
    const failed = await cli.ring(["init"]);
    expect(failed.code).toBe(EXIT.notConverged);
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

/** Ctrl-C after so many pauses; `at` is called before each. */
function stopAfter(cli: CliRing, pauses: number, at: (pause: number) => void = () => undefined): Partial<CliIo> {
  const ctrlC = new AbortController();
  let count = 0;
  return {
    interrupted: ctrlC.signal,
    sleep: async (ms, signal) => {
      await cli.clock.sleep(ms);
      // Only the pause between two runs can be cut short.
      if (signal === undefined) return;
      count += 1;
      at(count);
      if (count === pauses) ctrlC.abort();
    },
  };
}

describe("ring reconcile --watch", () => {
  test("keeps the ring through a rotation, and ends with 0 at Ctrl-C", async () => {
    const cli = await startRipeRing({ rotateEverySeconds: 7200 });
    const skip = (pause: number): void => {
      if (pause === 1) cli.pass(7200);
    };
    const run = await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3, skip));
    expect(run.code).toBe(EXIT.ok);
    expect(run.out).toContain("let generation 2 sign instead of 1 (due): done");
    expect((await cli.observe()).active?.generation).toBe(2);
    expect(messagesOf(run)).toContain("keeping ring main, a run every 300 s");
  });

  test("waits for --interval between two runs", async () => {
    const cli = await startRipeRing();
    const before = cli.sleeps.length;
    await cli.ring(["reconcile", "--watch", "--interval", "7"], stopAfter(cli, 2));
    expect(cli.sleeps.slice(before)).toEqual([7000, 7000]);
  });

  test("survives a run that fails, and does the work in the next one", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    const heal = (pause: number): void => {
      if (pause === 2) cli.kms.emulator.faults.clear();
    };
    const run = await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3, heal));
    expect(run.code).toBe(EXIT.ok);
    expect(messagesOf(run).match(/failed kms_access_denied: /g)).toHaveLength(2);
    expect(run.out).toContain("publish the key set (refused): done");
  });

  test("says nothing while nothing happens; --json prints a line for each run", async () => {
    const cli = await startRipeRing();
    expect((await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3))).out).toBe("");
    const { out } = await cli.ring(["reconcile", "--watch", "--json"], stopAfter(cli, 3));
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(jsonObject(line)).toMatchObject({ converged: true });
  });

  test("ends with the pause when Ctrl-C comes during it, not after it", async () => {
    const cli = await startRipeRing();
    const ctrlC = new AbortController();
    const sleep: CliIo["sleep"] = (_ms, signal) =>
      new Promise((resolve) => {
        given(signal).addEventListener("abort", () => resolve());
        ctrlC.abort();
      });
    expect((await cli.ring(["reconcile", "--watch"], { interrupted: ctrlC.signal, sleep })).code).toBe(EXIT.ok);
  });

  test.for([
    [["--watch", "--interval", "301"], "at most reconcileEverySeconds of the policy (300)"],
    [["--watch", "--interval", "0"], "--interval must be a whole number"],
    [["--interval", "60"], "--interval needs --watch"],
    [["--watch", "--dry-run"], "exclude each other"],
  ] as const)("%j is wrong usage", async ([argv, message]) => {
    const cli = await startCliRing();
    const run = await cli.ring(["reconcile", ...argv]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining(message) });
    expect(cli.kms.emulator.requests.ListAliases).toBe(0);
  });
});

describe("ring rotate", () => {
  test("too early it rotates nothing, says when it is safe, and is exit code 4", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const run = await cli.ring(["rotate"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(messagesOf(run)).toMatch(/not done standby_not_ready: .* Safe from 20\d\d-.*Z \(in 5 min 2\d s\)\./);
    expect((await cli.observe()).active?.generation).toBe(1);
  });

  test("from the second on that it has named, it rotates, and leaves a new standby", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const { refusal } = jsonOf(await cli.ring(["rotate", "--json"])) as { refusal?: { notBefore?: number } };
    const notBefore = given(refusal?.notBefore);
    cli.pass(notBefore - 1 - cli.now());
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.notConverged);
    cli.pass(1);
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.ok);
    expect((await cli.observe()).active?.generation).toBe(2);
    expect((await cli.document()).keys.map(({ state }) => state)).toEqual(["active", "pending", "retiring"]);
  });

  test("a second rotation right behind the first one is refused: the new standby is not known yet", async () => {
    const cli = await startRipeRing();
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.ok);
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.notConverged);
    expect((await cli.observe()).active?.generation).toBe(2);
  });

  test("--dry-run is 0 when it is safe now, 4 when it is not, and moves nothing either way", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    expect((await cli.ring(["rotate", "--dry-run"])).code).toBe(EXIT.notConverged);
    cli.pass(LEAD_SECONDS);
    const run = await cli.ring(["rotate", "--dry-run"]);
    expect(run).toMatchObject({
      code: EXIT.ok,
      out: expect.stringContaining("would let generation 2 sign instead of 1"),
    });
    expect((await cli.observe()).active?.generation).toBe(1);
  });

  test("--wait says what it waits for, rotates once it is safe, and once only", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const startedAt = cli.now();
    const run = await cli.ring(["rotate", "--wait"]);
    expect(run.code).toBe(EXIT.ok);
    expect(messagesOf(run)).toMatch(/^waiting: .*not known to every edge yet.* Safe from 20\d\d-/);
    expect(cli.now() - startedAt).toBeGreaterThan(LEAD_SECONDS - 10);
    expect((await cli.observe()).active?.generation).toBe(2);
  });

  test("--wait waits out a KMS that throttles, and until the rotation is done", async () => {
    const cli = await startRipeRing();
    const remove = cli.kms.emulator.faults.add({ operation: "UpdateAlias", kind: "throttle" });
    let pauses = 0;
    const sleep: CliIo["sleep"] = async (ms) => {
      await cli.clock.sleep(ms);
      pauses += 1;
      if (pauses === 2) remove();
    };
    const run = await cli.ring(["rotate", "--wait"], { sleep });
    expect(run.code).toBe(EXIT.ok);
    expect(messagesOf(run)).toContain("waiting: until it can be seen to be done");
    expect((await cli.observe()).active?.generation).toBe(2);
  });

  test("--wait gives up on credentials that are refused: 5", async () => {
    const cli = await startRipeRing();
    cli.kms.emulator.faults.add({ operation: "UpdateAlias", kind: "access_denied" });
    expect((await cli.ring(["rotate", "--wait"])).code).toBe(EXIT.unauthorized);
    cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    expect((await cli.ring(["rotate", "--wait"])).code).toBe(EXIT.unauthorized);
  });

  test("without a ring there is nothing to rotate, and nothing to wait for: 4", async () => {
    const cli = await startCliRing();
    for (const argv of [["rotate"], ["rotate", "--wait"], ["rotate", "--dry-run"]]) {
      const run = await cli.ring(argv);
      expect(run.code).toBe(EXIT.notConverged);
      expect(messagesOf(run)).toContain("root_missing");
    }
  });

  test("--wait and --dry-run exclude each other", async () => {
    const cli = await startCliRing();
    expect((await cli.ring(["rotate", "--wait", "--dry-run"])).code).toBe(EXIT.usage);
  });
});

describe("ring adopt", () => {
  test("makes an existing key a standby, once", async () => {
    const cli = await startRipeRing();
    const keyArn = await cli.kms.createKeyFor("ES256");
    expect((await cli.ring(["adopt", keyArn])).code).toBe(EXIT.ok);
    expect((await cli.generation(3)).keyArn).toBe(keyArn);
    expect((await cli.document()).keys.map(({ state }) => state)).toEqual(["active", "pending", "pending"]);
    expect(await cli.ring(["adopt", keyArn])).toMatchObject({
      code: EXIT.ok,
      out: expect.stringMatching(/^nothing to do/),
    });
  });

  test.for([
    ["that KMS does not know", async () => "alias/nowhere", "candidate_not_found"],
    ["of another kind", (cli: CliRing) => cli.kms.createKeyFor("RS256"), "candidate_unfit"],
    ["that is the root key", async () => "alias/sealgate/main/root", "candidate_in_use"],
  ] as const)("a key %s is exit code 2, and changes nothing", async ([, keyOf, refusal]) => {
    const cli = await startRipeRing();
    const run = await cli.ring(["adopt", await keyOf(cli)]);
    expect(run.code).toBe(EXIT.usage);
    expect(messagesOf(run)).toContain(`not done ${refusal}`);
    expect((await cli.observe()).generations).toHaveLength(2);
  });
});

describe("audit lines", () => {
  test("each step is one on stderr: who, what, on which key, from what to what", async () => {
    const cli = await startRipeRing();
    const { err } = await cli.ring(["rotate", "--actor", "alice"]);
    const [line = ""] = err.split("\n");
    expect(jsonObject(line)).toMatchObject({
      audit: {
        actor: "alice",
        ring: "main",
        step: "move_active",
        generation: 2,
        before: { active: 1 },
        after: { active: 2 },
      },
    });
  });

  test("--audit appends them to a file of its owner instead", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sealgate-audit-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "audit.jsonl");
    const cli = await startCliRing();
    const init = await cli.ring(["init", "--audit", file]);
    expect(init.err).toBe("");
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(jsonObject(given(lines[0]))).toMatchObject({ actor: "test", step: "create_key", result: "done" });
    cli.pass(LEAD_SECONDS);
    await cli.ring(["rotate"], { env: { ...cli.env, SEALGATE_AUDIT_FILE: file } });
    expect(readFileSync(file, "utf8").trim().split("\n").length).toBeGreaterThan(lines.length);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("where they cannot be written, nothing is done", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["init", "--audit", "/nowhere/audit.jsonl"]);
    expect(run).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining("--audit: the file cannot be written"),
    });
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });
});
