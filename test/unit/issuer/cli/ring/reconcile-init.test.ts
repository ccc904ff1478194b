/** `sealgate ring init`: a ring from nothing, from where it was cut off, or around an adopted key. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { DEAD_TOKEN } from "../../../../support/fake-cloudflare.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf, sealgate } from "../support.ts";
import { messagesOf, startCliRing } from "./support.ts";

describe("ring init", () => {
  test("creates root key, first generation, pending key and key set, and prints what to pin", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["init"]);
    expect(run.code).toBe(EXIT.ok);
    expect(messagesOf(run)).toBe("");
    const { root, active, generations } = await cli.observe();
    expect(active?.generation).toBe(1);
    expect(generations.map(({ number }) => number)).toEqual([1, 2]);
    expect((await cli.document()).keys.map(({ state }) => state)).toEqual(["active", "pending"]);
    const [, line = ""] = /^TRUST_ANCHORS='(.*)'$/m.exec(run.out) ?? [];
    expect(JSON.parse(line)).toEqual([
      expect.objectContaining({ kid: root?.publicKey?.kid, alg: "ES256", use: "sig" }),
    ]);
  });

  test("changes nothing about a ring that is complete", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const before = [cli.stored(), cli.kms.emulator.requests.CreateKey];
    const again = await cli.ring(["init"]);
    expect(again).toMatchObject({ code: EXIT.ok, out: expect.stringContaining("nothing to do") });
    expect([cli.stored(), cli.kms.emulator.requests.CreateKey]).toEqual(before);
  });

  test("goes on where it was cut off", async () => {
    const cli = await startCliRing();
    cli.kms.emulator.faults.add({ operation: "CreateAlias", kind: "access_denied", after: 1 });
    expect((await cli.ring(["init"])).code).toBe(EXIT.unauthorized);
    cli.kms.emulator.faults.clear();
    expect((await cli.ring(["init"])).code).toBe(EXIT.ok);
    expect((await cli.observe()).orphans).toEqual([]);
  });

  test("creates no key while KV cannot be read, and says why", async () => {
    const cli = await startCliRing();
    cli.cloudflare.script({ on: "read", times: 99, does: DEAD_TOKEN });
    for (const argv of [["init"], ["init", "--dry-run"]]) {
      const run = await cli.ring(argv);
      expect(run.code).toBe(EXIT.unauthorized);
      expect(messagesOf(run)).toMatch(/not done document_unknown: No key is created .*403 \(code 10000\)/);
    }
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });

  test("creates no key where KV holds the key set of another root: another account or Region", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    const elsewhere = await startCliRing();
    await elsewhere.overwrite(given(cli.stored()));
    const run = await elsewhere.ring(["init"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(messagesOf(run)).toContain("not done document_foreign");
    expect(elsewhere.kms.emulator.requests.CreateKey).toBe(0);
  });

  test.each(["", "--dry-run"])("%s proposes deleteAfterDays, and says what old keys cost without it", async (flag) => {
    const argv = ["init", flag].filter((word) => word !== "");
    const kept = await (await startCliRing({ rotateEverySeconds: 90 * 86_400 })).ring(argv);
    expect(kept.out).toMatch(
      /A rotation every 90 d leaves 4 disabled keys a year, which AWS bills \$48 in each later year\.\n.*\n {2}"deleteAfterDays": 30\n$/,
    );
    const deleted = await (await startCliRing({ deleteAfterDays: 7 })).ring(argv);
    expect(deleted.out).not.toContain("deleteAfterDays");
  });

  test("--dry-run creates nothing", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["init", "--dry-run"]);
    expect(run).toMatchObject({
      code: EXIT.ok,
      out: expect.stringMatching(/^would create ECC_NIST_P256 key for the root/),
    });
    expect(run.out).not.toContain("TRUST_ANCHORS");
    expect(messagesOf(run)).not.toContain("problem");
    expect(cli.kms.emulator.requests.CreateKey).toBe(0);
  });

  test("--adopt takes an existing key as the first generation", async () => {
    const cli = await startCliRing();
    const keyArn = await cli.kms.createKeyFor("ES256");
    expect((await cli.ring(["init", "--adopt", keyArn])).code).toBe(EXIT.ok);
    expect((await cli.generation(1)).keyArn).toBe(keyArn);
    expect((await cli.document()).keys[0]).toMatchObject({ state: "active" });
  });

  test("--adopt of a key that cannot sign is exit code 2, and the ring waits for a better one", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["init", "--adopt", await cli.kms.createKeyFor("RS256")]);
    expect(run.code).toBe(EXIT.usage);
    expect(messagesOf(run)).toContain("not done candidate_unfit");
    expect((await cli.observe()).generations).toEqual([]);
  });

  test("--json is one line with the steps, what comes next and the anchors", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["init", "--json"]);
    expect(jsonOf(run)).toMatchObject({
      ring: "main",
      dryRun: false,
      converged: true,
      done: true,
      due: [],
      problems: [],
      trustAnchors: [{ kty: "EC" }],
    });
    const steps = given(jsonOf(run)["steps"]) as readonly unknown[];
    expect(steps[0]).toMatchObject({
      step: "create_key",
      what: "create ECC_NIST_P256 key for the root",
      result: "done",
    });
    expect(steps).toContainEqual(expect.objectContaining({ step: "publish", rev: expect.any(Number) }));
  });
});

describe("configuration of the ring commands", () => {
  test("everything that is missing is named at once, with exit code 2, and nothing is asked of AWS", async () => {
    const run = await sealgate(["ring", "reconcile"], { env: {} });
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    for (const name of [
      "SEALGATE_ISSUER",
      "CLOUDFLARE_ACCOUNT_ID",
      "SEALGATE_KV_NAMESPACE_ID",
      "CLOUDFLARE_API_TOKEN",
    ]) {
      expect(run.err).toContain(`${name} is missing`);
    }
  });

  test("every broken rule of the policy is named at once", async () => {
    const cli = await startCliRing();
    const policy = JSON.stringify({ rotateEverySeconds: 60, documentLifetimeSeconds: 60 });
    const run = await cli.ring(["init"], { env: { ...cli.env, SEALGATE_POLICY: policy } });
    expect(run.code).toBe(EXIT.usage);
    expect(run.err).toMatch(/rotateEverySeconds must be at least 8961.*documentLifetimeSeconds must be at least 1862/);
    expect(cli.kms.emulator.requests.ListAliases).toBe(0);
  });

  test("--policy names a file and wins over the variable; --ring likewise", async () => {
    const cli = await startCliRing();
    const env = { ...cli.env, SEALGATE_POLICY: "no JSON" };
    const missing = await cli.ring(["status", "--policy", "/nowhere/policy.json"], { env });
    expect(missing).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining("--policy: the file cannot be read"),
    });
    const other = await cli.ring(["status", "--policy", "/dev/null", "--ring", "other"], { env });
    expect(other.out).toMatch(/^ring other /);
  });
});
