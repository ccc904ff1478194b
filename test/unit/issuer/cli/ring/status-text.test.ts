/** What `sealgate ring status` shows a person: a table of generations, and one line of a gateway. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { renderStatus } from "../../../../../issuer/cli/ring/status-text.ts";
import type { GatewayStatus } from "../../../../../issuer/cli/ring/status-text.ts";
import { deriveState, planRing } from "../../../../../issuer/key-ring/index.ts";
import { after, observedRing } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
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
    expect(out).toMatch(/^cost     3 KMS keys, \$3 a month$/m);
    cli.pass(SETTLE_SECONDS);
    await cli.ring(["reconcile"]);
    expect((await cli.ring(["status"])).out).toContain("safe to sign in 1 h 5 min, in an emergency in 5 min");
    cli.pass(LEAD_SECONDS - 3600);
    expect((await cli.ring(["status"])).out).toMatch(/safe to sign in (1 h|59 min.*), in an emergency now/);
    cli.pass(3600);
    expect((await cli.ring(["status"])).out).toMatch(/^2 .*safe to sign now$/m);
  });

  test("shows a rotation and a revocation for what they are", async () => {
    const cli = await startRipeRing();
    await cli.ring(["rotate"]);
    expect((await cli.ring(["status"])).out).toMatch(/^1 +retiring .*leaves the key set 20\d\d-.*Z \(in 1 h 14 min\)/m);
    const { publicKey } = await cli.generation(1);
    await cli.ring(["revoke", given(publicKey).kid, "--yes"]);
    expect((await cli.ring(["status"])).out).toMatch(
      /^cost .* of which 1 are disabled; "deleteAfterDays" in the policy/m,
    );
    expect((await cli.ring(["status"])).out).toMatch(/^1 +revoked .*\(Disabled\).*refused since 20\d\d-/m);
  });
});

/** The lines that are shown of a ring at rest, with what a gateway says. */
function linesWith(gateway: GatewayStatus | undefined): readonly string[] {
  const [observed, policy, now] = [observedRing(), ringPolicy(), after(10)];
  const state = deriveState(observed, policy, now, undefined);
  return renderStatus({ state, plan: planRing(observed, policy, now), list: undefined, gateway }).split("\n");
}

const HEALTHY: GatewayStatus = {
  url: "https://api.example.com/",
  status: "ok",
  rev: 7,
  source: "kv",
  ageSeconds: 61,
  problem: undefined,
  revocations: undefined,
  anchors: [],
  published: "same",
};

test("the columns of the table stand below their heads", () => {
  const lines = linesWith(undefined);
  const at = lines.findIndex((line) => line.startsWith("gen "));
  const [head = "", first = "", second = ""] = lines.slice(at);
  const kidAt = head.indexOf("kid ");
  for (const row of [first, second]) expect(row.slice(kidAt)).toMatch(/^[\w-]{43} {2}id-\d /);
  expect(lines.filter((line) => line.endsWith(" "))).toEqual([]);
});

describe("the line of a gateway", () => {
  test.each<[string, Partial<GatewayStatus>, string]>([
    ["that is up to date", {}, "ok, rev 7: what KV holds, from kv, 1 min 1 s old"],
    [
      "that is behind",
      { published: "behind" },
      "ok, rev 7: an older one than KV holds, which is still in order, from kv",
    ],
    ["that is too old", { published: "too_old" }, "ok, rev 7: an older one than any edge should use, from kv"],
    ["that is ahead", { published: "ahead" }, "ok, rev 7: a newer one than KV holds, from kv"],
    ["of a ring without a document", { published: "unknown" }, "ok, rev 7: not comparable, from kv"],
    ["that does not say more", { source: undefined, ageSeconds: undefined }, "ok, rev 7: what KV holds, from -"],
    ["that has a problem", { status: "degraded", problem: "kv_failed" }, "degraded (kv_failed), rev 7: what KV holds"],
    ["that has no document", { status: "unavailable", rev: undefined }, "unavailable"],
    [
      "that is not there",
      { status: "unreachable", rev: undefined, problem: "no connection" },
      "unreachable (no connection)",
    ],
  ])("%s", (_what, changes, text) => {
    const shown = linesWith({ ...HEALTHY, ...changes }).filter((line) => line.startsWith("gateway "));
    expect(shown).toHaveLength(1);
    expect(shown[0]?.startsWith(`gateway  ${text}`)).toBe(true);
  });

  test("is left out when none was asked", () => {
    expect(linesWith(undefined).filter((line) => line.startsWith("gateway"))).toEqual([]);
  });
});
