/** `sealgate revocations table`: the same table for CloudFormation, for the AWS CLI, and made. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { tableRequests, tableResource } from "../../../../../issuer/revocations/dynamodb/table.ts";
import { jsonOf, sealgate } from "../support.ts";
import { startTables } from "./support.ts";
import type { Tables } from "./support.ts";

describe("printed", () => {
  test("it is a template that CloudFormation takes", async () => {
    const { code, out } = await sealgate(["revocations", "table"]);
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(out)).toEqual({
      Resources: { RevocationTable: JSON.parse(JSON.stringify(tableResource("sealgate-revocations"))) as unknown },
    });
  });

  test("the name is the argument, or the environment's", async () => {
    const env = { SEALGATE_REVOCATION_TABLE: "taken-back" };
    expect((await sealgate(["revocations", "table"], { env })).out).toContain('"TableName": "taken-back"');
    const named = await sealgate(["revocations", "table", "another", "--json"], { env });
    expect(jsonOf(named)).toEqual(JSON.parse(JSON.stringify(tableRequests("another"))));
  });

  test("its commands reach the AWS CLI as they were meant", async () => {
    const { out } = await sealgate(["revocations", "table", "--format", "aws-cli"]);
    const folder = mkdtempSync(join(tmpdir(), "sealgate-aws-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    // Stands in for the AWS CLI: prints its arguments.
    writeFileSync(join(folder, "aws"), '#!/bin/sh\nprintf "%s\\\\n" "$@"\n', { mode: 0o755 });
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    const printed = execFileSync("bash", ["-c", out], { encoding: "utf8", env }).split("\n");
    const inputs = printed.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as unknown);
    expect(inputs).toEqual(Object.values(JSON.parse(JSON.stringify(tableRequests("sealgate-revocations"))) as object));
    expect(printed.filter((line) => /^[a-z]+(-[a-z]+)+$/.test(line))).toEqual([
      "create-table",
      "table-exists",
      "sealgate-revocations",
      "update-time-to-live",
      "update-continuous-backups",
    ]);
  });
});

describe("made", () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.close());

  test("it can be used, and is made once", async () => {
    await tables.next();
    const sleep = async (): Promise<void> => {};
    const create = ["revocations", "table", "made-here", "--create"];
    const run = await tables.run(create, { sleep });
    expect(run).toMatchObject({ code: EXIT.ok, out: "created: made-here\n" });
    expect(run.err).toContain("SEALGATE_REVOCATION_TABLE=made-here");
    await tables.run(["token", "revoke", "--session", "s", "--table", "made-here"]);
    expect(await tables.entries("made-here")).toHaveLength(1);
    expect(jsonOf(await tables.run([...create, "--json"], { sleep }))).toEqual({ table: "made-here", created: false });
  });
});

test.each([
  [["a b"], "must be the name of one table"],
  // A variable of the shell that is not set.
  [[""], "must be the name of one table"],
  [["one,two"], "must be the name of one table"],
  [["arn:aws:dynamodb:eu-central-1:111122223333:table/x"], "must be the name of one table"],
  [["--format", "yaml"], '--format must be "cloudformation" or "aws-cli"'],
  [["--format", "yaml", "--create"], '--format must be "cloudformation" or "aws-cli"'],
])("wrong usage %j is told, with exit code 2", async (argv, message) => {
  const run = await sealgate(["revocations", "table", ...argv]);
  expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(message) });
});
