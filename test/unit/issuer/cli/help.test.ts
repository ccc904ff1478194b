/** `sealgate help` at any depth. */
import { expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { sealgate } from "./support.ts";

test.each([["ring", "rotate"], ["token"], ["kms-emulator"]])("help %s %s is what --help prints", async (...words) => {
  const given = words.filter((word) => typeof word === "string");
  const [asked, option] = [await sealgate(["help", ...given]), await sealgate([...given, "--help"])];
  expect(asked).toEqual({ ...option, code: EXIT.ok });
  expect(asked.out).toMatch(new RegExp(`^Usage: sealgate ${given.join(" ")} `));
});

test.each([
  // Without what is for the shell alone.
  [["nothing"], /sealgate has no command "nothing": there are token, .*kms-emulator, help, completion\n/],
  [["ring", "turn"], /sealgate ring has no command "turn": there are init, status, reconcile/],
  [["ring", "rotate", "now"], /sealgate ring rotate has no command "now": it has no commands of its own/],
])("help %j names what there is", async (words, message) => {
  const run = await sealgate(["help", ...words]);
  expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringMatching(message) as unknown });
});

test("no group offers a help command of its own that knows less", async () => {
  expect((await sealgate(["ring", "--help"])).out).not.toMatch(/^ +help /m);
});
