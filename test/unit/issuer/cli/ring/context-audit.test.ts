/** Audit lines of the ring commands: one for each step, where they were asked for, or nothing is done. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { given, jsonObject } from "../../../../support/values.ts";
import { startCliRing, startRipeRing } from "./support.ts";

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

  test("a person at a terminal is spared them, and still gets the file", async () => {
    const cli = await startCliRing();
    const init = await cli.ring(["init"], { stderrIsTerminal: true });
    expect(init).toMatchObject({ code: EXIT.ok, err: "" });
    expect(init.out).toContain("create ECC_NIST_P256 key for the root: done");
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
    cli.pass(300);
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
