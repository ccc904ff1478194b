import { expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { sealgate } from "../support.ts";

test("the group says what it has, and that what takes back is elsewhere", async () => {
  const { code, out } = await sealgate(["revocations", "--help"]);
  expect(code).toBe(EXIT.ok);
  expect(out).toMatch(/^ {2}list \[options\]/m);
  expect(out).toMatch(/^ {2}table \[options\] \[name\]/m);
});
