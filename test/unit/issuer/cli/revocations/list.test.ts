/** `sealgate revocations list`: the table beside the list in KV, of a ring whose rotator has run or not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { jsonOf, sealgate } from "../support.ts";
import { startRevokingRing, startTables } from "./support.ts";
import type { RevokingRing, Tables } from "./support.ts";

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

async function withEntries(): Promise<RevokingRing> {
  const cli = await startRevokingRing(tables);
  const now = Math.floor(cli.ring.clock.epochMs() / 1000);
  await cli.run(["token", "revoke", "--jti", "one", "--expires-at", String(now + 600)]);
  await cli.run(["token", "revoke", "--session", "s"]);
  await cli.run(["token", "revoke", "--subject", "alice"]);
  return cli;
}

describe("the list", () => {
  test("lacks what was just taken back (4), and has it after the rotator's run (0)", async () => {
    const cli = await withEntries();
    const before = await cli.run(["revocations", "list"]);
    expect(before.code).toBe(EXIT.notConverged);
    const [head, ...lines] = before.out.trimEnd().split("\n");
    expect(head).toMatch(/^kind {2}prefix +until +on the list$/);
    // Those that end last first: a session counts for the longest invocation of a Lambda as well.
    expect(lines.map((line) => line.replaceAll(/ {2,}/g, "  "))).toEqual([
      expect.stringMatching(/^sid {2}[\w-]{22} {2}\S+Z \(in 1 h \d+ min\) {2}not yet$/),
      expect.stringMatching(/^sub {2}[\w-]{22} {2}\S+Z \(in 1 h 3 min\) {2}not yet {2}iat before \S+Z$/),
      expect.stringMatching(/^jti {2}[\w-]{11} {2}\S+Z \(in 12 min\) {2}not yet$/),
      expect.stringMatching(/^table revocations-\d+: 1 token, 1 session, 1 subject$/),
      "list none; 3 not on it yet",
    ]);
    await cli.run(["ring", "reconcile"]);
    const after = await cli.run(["revocations", "list"]);
    expect(after.code).toBe(EXIT.ok);
    expect(after.out.match(/ {2}yes/g)).toHaveLength(3);
    expect(after.out).toMatch(/^list rev \d{16}, 1 token, 1 session, 1 subject, 0 s old, expires in 1 d$/m);
  });

  test("as JSON has all of it, and no claim; and is searched for one of them", async () => {
    const cli = await withEntries();
    await cli.run(["ring", "reconcile"]);
    const run = await cli.run(["revocations", "list", "--json", "--limit", "2"]);
    expect(jsonOf(run)).toMatchObject({
      ring: "main",
      table: tables.env()["SEALGATE_REVOCATION_TABLE"],
      counts: { jti: 1, sid: 1, sub: 1 },
      unreadable: 0,
      found: 3,
      notListed: 0,
      entries: [
        { kind: "sid", listed: true },
        { kind: "sub", listed: true, cut: expect.any(Number) as number },
      ],
      list: { kind: "read", counts: { jti: 1, sid: 1, sub: 1 } },
    });
    expect(run.out).not.toContain("alice");
    const one = await cli.run(["revocations", "list", "--subject", "alice"]);
    expect(one).toMatchObject({ code: EXIT.ok, out: expect.stringContaining(": 1 found") as string });
    expect(one.out.match(/^(?:jti|sid|sub)/gm)).toEqual(["sub"]);
    const none = await cli.run(["revocations", "list", "--session", "another"]);
    expect(none).toMatchObject({
      code: EXIT.notConverged,
      out: expect.stringMatching(/^table .*: 0 found\n/) as string,
    });
  });

  test("has no more of what has ended", async () => {
    const cli = await withEntries();
    cli.ring.pass(721);
    const run = await cli.run(["revocations", "list", "--json"]);
    expect(jsonOf(run)).toMatchObject({ counts: { jti: 0, sid: 1, sub: 1 } });
  });
});

test.each([
  [["--limit", "0"], "--limit must be a whole number, at least 1"],
  [["--jti", "a", "--subject", "b"], "ask for one at a time"],
])("wrong usage %j is told, with exit code 2", async (argv, message) => {
  const run = await sealgate(["revocations", "list", ...argv]);
  expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(message) as string });
});

test("without a table there is nothing to list", async () => {
  const { ring } = await startRevokingRing(tables);
  const run = await ring.sealgate(["revocations", "list"]);
  expect(run).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining("SEALGATE_REVOCATION_TABLE is missing") as string,
  });
});
