/** What `sealgate ring status` shows a person of each generation. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { given } from "../../../../support/values.ts";
import { LEAD_SECONDS, SETTLE_SECONDS, startCliRing, startRipeRing } from "./support.ts";

describe("the table of ring status", () => {
  test("shows each generation with its state, kid and key, when it becomes safe, and what KV holds", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const { code, out, err } = await cli.ring(["status"]);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: "" });
    const { rev, keys } = await cli.document();
    const [, active, pending] = /^gen.*\n(1 .*)\n(2 .*)$/m.exec(out) ?? [];
    expect(active).toMatch(/^1 +active +ES256/);
    expect(active).toContain(keys[0]?.kid);
    expect(active).toContain((await cli.generation(1)).keyId);
    expect(pending).toMatch(/^2 +pending .*signs 20\d\d-.*Z \(in 2\d d .*\), published, not settled yet/);
    expect(out).toMatch(/^next\n(?: {2}20\d\d-.*\n)+/m);
    expect(out).toContain(`KV       rev ${rev}, 2 keys, 0 revoked, expires in`);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    expect((await cli.ring(["status"])).out).toContain("safe to sign in 1 h 5 min, in an emergency in 5 min");
    cli.pass(LEAD_SECONDS - 3600);
    expect((await cli.ring(["status"])).out).toMatch(/safe to sign in (1 h|59 min.*), in an emergency now/);
    cli.pass(3600);
    expect((await cli.ring(["status"])).out).toContain("safe to sign now");
  });

  test("shows a rotation and a revocation for what they are", async () => {
    const cli = await startRipeRing();
    await cli.ring(["rotate"]);
    expect((await cli.ring(["status"])).out).toMatch(/^1 +retiring .*leaves the key set 20\d\d-.*Z \(in 1 h 14 min\)/m);
    const { publicKey } = await cli.generation(1);
    await cli.ring(["revoke", given(publicKey).kid, "--yes"]);
    expect((await cli.ring(["status"])).out).toMatch(/^1 +revoked .*\(Disabled\).*refused since 20\d\d-/m);
  });
});
