/** `sealgate ring revoke`: confirmed, ordered, and with the bound within which every edge obeys. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import type { Kid } from "../../../../../shared/identifiers.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { messagesOf, startCliTable, startRipeRing } from "./support.ts";
import type { CliRing } from "./support.ts";

async function kidOf(cli: CliRing, generation: number): Promise<Kid> {
  return given((await cli.generation(generation)).publicKey).kid;
}

describe("ring revoke", () => {
  test("disables the key, lets the pending key sign, publishes the tombstone, and says by when every edge obeys", async () => {
    const cli = await startRipeRing();
    const kid = await kidOf(cli, 1);
    const before = await cli.document();
    const run = await cli.ring(["revoke", kid, "--yes"]);
    expect(run.code).toBe(EXIT.ok);
    expect((await cli.generation(1)).keyState).toBe("Disabled");
    expect((await cli.observe()).active?.generation).toBe(2);
    const { revoked, keys, issuedAt } = await cli.document();
    expect(revoked.map((tombstone) => tombstone.kid)).toEqual([kid]);
    expect(keys.map((key) => key.kid)).not.toContain(kid);
    const refusedBy = new Date((issuedAt + 270) * 1000).toISOString().replace(".000", "");
    expect(run.out).toContain(`every edge refuses its tokens by ${refusedBy} (in `);
    // The clock of an edge may be K behind.
    expect(run.out).toContain(new Date((before.expiresAt + 60) * 1000).toISOString().replace(".000", ""));
  });

  test("a table of taken-back tokens that is down holds up nothing, and is no failure of the command", async () => {
    const cli = await startRipeRing();
    const { env, network } = await startCliTable(cli);
    const kid = await kidOf(cli, 1);
    network.isCut = true;
    const run = await cli.ring(["revoke", kid, "--yes"], { env });
    expect(run.code).toBe(EXIT.ok);
    expect((await cli.document()).revoked.map((tombstone) => tombstone.kid)).toEqual([kid]);
    expect(run.out).toContain("every edge refuses its tokens by ");
    expect(messagesOf(run)).toContain("failed to publish the list of taken-back tokens: revocation_table_unreachable");
  });

  test("the key is disabled before anything else, and signs elsewhere before KV is asked", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["revoke", await kidOf(cli, 1), "--yes", "--json"]);
    const { steps, bound, kid } = jsonOf(run) as { steps: { step: string }[]; bound: unknown; kid: string };
    const first = steps.slice(0, 4).map(({ step }) => step);
    expect(first).toEqual(["disable_key", "tag_key", "move_active", "publish"]);
    const { issuedAt } = await cli.document();
    expect(bound).toMatchObject({ seconds: 270, publishedAt: issuedAt, refusedBy: issuedAt + 270 });
    expect(kid).toBe(await kidOfRevoked(cli));
  });

  test("asked again, it changes nothing and needs no confirmation", async () => {
    const cli = await startRipeRing();
    const kid = await kidOf(cli, 1);
    await cli.ring(["revoke", kid, "--yes"]);
    const text = cli.stored();
    const again = await cli.ring(["revoke", kid]);
    expect(again).toMatchObject({ code: EXIT.ok, out: expect.stringContaining(`revoked ${kid}`) });
    expect(cli.stored()).toBe(text);
  });

  test("on a terminal the kid has to be typed", async () => {
    const cli = await startRipeRing();
    const kid = await kidOf(cli, 2);
    const refused = await cli.ring(["revoke", kid], { stdinIsTerminal: true, readLine: async () => "yes" });
    expect(refused).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("nothing was done") });
    expect((await cli.generation(2)).keyState).toBe("Enabled");
    const typed = await cli.ring(["revoke", kid], { stdinIsTerminal: true, readLine: async () => ` ${kid}\n` });
    expect(typed.code).toBe(EXIT.ok);
    expect(typed.err).toContain("disable the KMS key of generation 2");
    expect((await cli.generation(2)).keyState).toBe("Disabled");
  });

  test("without a terminal it takes --yes", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["revoke", await kidOf(cli, 1)]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("--yes is needed") });
    expect((await cli.generation(1)).keyState).toBe("Enabled");
  });

  test("--dry-run tells the steps, asks nobody, and does nothing", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["revoke", await kidOf(cli, 1), "--dry-run"]);
    expect(run).toMatchObject({
      code: EXIT.ok,
      out: expect.stringMatching(/^would disable the KMS key of generation 1/),
    });
    expect(messagesOf(run)).not.toContain("problem");
    expect((await cli.generation(1)).keyState).toBe("Enabled");
  });

  test("a kid that the ring never had, the root's, and a text that is no kid are exit code 2", async () => {
    const cli = await startRipeRing();
    const root = given((await cli.observe()).root?.publicKey).kid;
    expect(messagesOf(await cli.ring(["revoke", "A".repeat(43), "--yes"]))).toContain("not done kid_unknown");
    expect(messagesOf(await cli.ring(["revoke", root, "--yes"]))).toContain("not done kid_is_root");
    for (const kid of ["A".repeat(43), root, "alias/x"]) {
      expect((await cli.ring(["revoke", kid, "--yes"])).code).toBe(EXIT.usage);
    }
    expect((await cli.observe()).generations.map(({ keyState }) => keyState)).toEqual(["Enabled", "Enabled"]);
  });

  test("a tombstone that cannot be published is told as what it is: edges still accept the key", async () => {
    const cli = await startRipeRing();
    const kid = await kidOf(cli, 1);
    cli.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 503 } });
    const run = await cli.ring(["revoke", kid, "--yes"]);
    expect(run.code).toBe(EXIT.failure);
    expect(messagesOf(run)).toContain(`not published: edges still accept ${kid}`);
    expect(run.out).not.toContain("every edge refuses");
    expect((await cli.generation(1)).keyState).toBe("Disabled");
  });
});

async function kidOfRevoked(cli: CliRing): Promise<string | undefined> {
  return (await cli.document()).revoked[0]?.kid;
}
