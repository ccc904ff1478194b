/** `sealgate ring rotate`: when it is safe, when it is not, and waiting until it is. */
import { describe, expect, test } from "vitest";
import type { CliIo } from "../../../../../issuer/cli/io.ts";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { LEAD_SECONDS, messagesOf, SETTLE_SECONDS, startCliRing, startRipeRing } from "./support.ts";

describe("ring rotate", () => {
  test("too early it rotates nothing, says when it is safe, and is exit code 4", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const run = await cli.ring(["rotate"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(messagesOf(run)).toMatch(/not done standby_not_ready: .* Safe from 20\d\d-.*Z \(in 1 h 9 min\)\./);
    expect((await cli.observe()).active?.generation).toBe(1);
  });

  test("from the second on that it has named, it rotates, and leaves a new pending key", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.pass(SETTLE_SECONDS);
    const { refusal } = jsonOf(await cli.ring(["rotate", "--json"])) as { refusal?: { notBefore?: number } };
    const notBefore = given(refusal?.notBefore);
    cli.pass(notBefore - 1 - cli.now());
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.notConverged);
    cli.pass(1);
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.ok);
    expect((await cli.observe()).active?.generation).toBe(2);
    expect((await cli.document()).keys.map(({ state }) => state)).toEqual(["active", "pending", "retiring"]);
  });

  test("a second rotation right behind the first one is refused: the new pending key is not known yet", async () => {
    const cli = await startRipeRing();
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.ok);
    expect((await cli.ring(["rotate"])).code).toBe(EXIT.notConverged);
    expect((await cli.observe()).active?.generation).toBe(2);
  });

  test("--dry-run is 0 when it is safe now, 4 when it is not, and moves nothing either way", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    cli.pass(LEAD_SECONDS - 10);
    expect((await cli.ring(["rotate", "--dry-run"])).code).toBe(EXIT.notConverged);
    cli.pass(10);
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
    expect(messagesOf(run)).toMatch(/^waiting: .*not known to every edge and consumer yet.* Safe from 20\d\d-/);
    expect(cli.now() - startedAt).toBeGreaterThan(SETTLE_SECONDS + LEAD_SECONDS - 10);
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
