/** What a shell is offered while a person types, and the script that asks for it. */
import { expect, onTestFinished, test, vi } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { sealgate } from "./support.ts";

/** The library writes to the console by itself. */
async function printed(argv: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((text: unknown) => void lines.push(String(text)));
  onTestFinished(() => log.mockRestore());
  const run = await sealgate(argv);
  expect(run).toEqual({ code: EXIT.ok, out: "", err: "" });
  return lines.join("\n").split("\n");
}

const offered = async (...words: readonly string[]): Promise<readonly string[]> =>
  (await printed(["complete", "--", ...words])).flatMap((line) =>
    line.startsWith(":") ? [] : [line.split("\t")[0] ?? ""],
  );

test("commands, and those below them", async () => {
  expect(await offered("")).toEqual(expect.arrayContaining(["token", "ring", "check", "serve", "help", "completion"]));
  expect(await offered("")).not.toContain("complete");
  expect(await offered("ring", "re")).toEqual(["reconcile", "revoke"]);
});

test("options of the command, and their values", async () => {
  expect(await offered("ring", "rotate", "--")).toEqual(expect.arrayContaining(["--wait", "--dry-run", "--ring"]));
  expect(await offered("token", "sign", "--alg", "ES")).toEqual(["ES256", "ES384", "ES512"]);
  expect(await offered("check", "--role", "")).toEqual(["signer", "rotator"]);
  expect(await offered("key", "public", "--format", "")).toEqual(["pem", "jwk"]);
  expect(await offered("revocations", "table", "--format", "")).toEqual(["cloudformation", "aws-cli"]);
});

test.each(["zsh", "bash", "fish", "powershell"])("a script for %s", async (shell) => {
  expect((await printed(["completion", shell])).join("\n")).toMatch(/sealgate[^]* complete (?:-- |'--' )/);
});

test("another shell is wrong usage", async () => {
  expect(await sealgate(["completion", "tcsh"])).toMatchObject({ code: EXIT.usage, out: "" });
});
