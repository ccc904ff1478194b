import { expect, test } from "vitest";
import { readRevoking } from "../../../../../issuer/cli/revocations/options.ts";
import { testIo } from "../support.ts";

const ENV = { SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_REVOCATION_TABLE: "one,two" };

test("an option wins over its variable", async () => {
  const io = testIo({ env: ENV });
  expect((await readRevoking(io, {})).tables).toEqual(["one", "two"]);
  const config = await readRevoking(io, { table: ["three"], ring: "west", issuer: "https://other.example.com" });
  expect(config).toMatchObject({ tables: ["three"], rings: ["west"], issuer: "https://other.example.com" });
  expect((await readRevoking(io, { ring: true })).rings).toEqual(["main"]);
});

test("what is missing is told by both names", async () => {
  await expect(readRevoking(testIo({ env: {} }), {})).rejects.toThrow(
    "--table (or SEALGATE_REVOCATION_TABLE) is missing: it names the table of taken-back tokens; --issuer (or SEALGATE_ISSUER) is missing",
  );
});
