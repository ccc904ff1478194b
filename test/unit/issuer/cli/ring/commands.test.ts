/** The command line of `sealgate ring`: what it hands to each command, and kids that look like options. */
import { describe, expect, test } from "vitest";
import { withKidLast } from "../../../../../issuer/cli/ring/commands.ts";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { jsonOf } from "../support.ts";
import { messagesOf, startCliRing, startRipeRing } from "./support.ts";

describe("ring revoke", () => {
  test.for(["-", "--"])("a kid that begins with %s is a kid, wherever it stands", async (start) => {
    const cli = await startRipeRing();
    const kid = start.padEnd(43, "A");
    for (const argv of [
      [kid, "--yes"],
      ["--yes", kid],
      ["--yes", "--", kid],
    ]) {
      expect(messagesOf(await cli.ring(["revoke", ...argv]))).toContain("not done kid_unknown");
    }
  });

  const KID = "-".padEnd(43, "A");

  test.each([
    ["before the options", ["ring", "revoke", KID, "--yes"], ["ring", "revoke", "--yes", "--", KID]],
    ["behind them", ["ring", "revoke", "--yes", KID], ["ring", "revoke", "--yes", "--", KID]],
  ])("has such a kid moved behind --, when it stands %s", (_what, argv, moved) => {
    expect(withKidLast(argv)).toEqual(moved);
  });

  test.each([
    ["of another command", ["ring", "adopt", KID]],
    ["of another noun", ["token", "revoke", KID]],
    ["that has its -- already", ["ring", "revoke", "--", KID]],
    ["with a kid that looks like none of the options", ["ring", "revoke", "A".repeat(43), "--yes"]],
    ["with an option that is too short for a kid", ["ring", "revoke", KID.slice(1)]],
    ["with one that is too long", ["ring", "revoke", `${KID}A`]],
    ["with nothing", []],
  ])("leaves a command line alone %s", (_what, argv) => {
    expect(withKidLast(argv)).toEqual(argv);
  });
});

describe("each command", () => {
  test("but init has no success without a ring, and makes no key", async () => {
    const cli = await startCliRing();
    for (const argv of [["status"], ["reconcile"], ["rotate"], ["anchors"], ["bootstrap"]]) {
      expect((await cli.ring([...argv, "--json"])).code, argv.join(" ")).not.toBe(EXIT.ok);
    }
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });

  test("has its own options handed over", async () => {
    const cli = await startCliRing();
    expect(jsonOf(await cli.ring(["init", "--dry-run", "--json"]))).toMatchObject({ dryRun: true });
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
    expect((await cli.ring(["init", "--adopt", "alias/nowhere"])).code).toBe(EXIT.usage);
    expect((await cli.ring(["status", "--ring", "Not A Ring"])).err).toContain("--ring (or SEALGATE_RING)");
  });

  test("has its argument handed over: adopt finds the key that is named, and no other", async () => {
    const cli = await startRipeRing();
    const adopt = async (key: string): Promise<unknown> =>
      jsonOf(await cli.ring(["adopt", key, "--dry-run", "--json"]))["refusal"];
    expect(await adopt(await cli.kms.createKeyFor("ES256"))).toBeUndefined();
    expect(await adopt("alias/nowhere")).toMatchObject({ code: "candidate_not_found" });
  });
});
