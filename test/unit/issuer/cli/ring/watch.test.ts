/** `sealgate ring reconcile --watch`: a service that keeps a ring, and publishes at once what was taken back. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import type { CliIo } from "../../../../../issuer/cli/io.ts";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { createDynamoDbRevocations } from "../../../../../issuer/revocations/dynamodb/store.ts";
import { createRevocations } from "../../../../../issuer/revocations/revocations.ts";
import { isJsonObject } from "../../../../../shared/json.ts";
import type { JsonObject } from "../../../../../shared/json.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { given, jsonObject } from "../../../../support/values.ts";
import { stubProcessEnv } from "../support.ts";
import { messagesOf, startCliRing, startCliTable, startRipeRing, stopAfter } from "./support.ts";
import type { CliRing, CliTable } from "./support.ts";

describe("ring reconcile --watch", () => {
  test("keeps the ring through a rotation, and ends with 0 at Ctrl-C", async () => {
    const cli = await startRipeRing({ rotateEverySeconds: 9000 });
    const skip = (pause: number): void => {
      if (pause === 1) cli.pass(9000);
    };
    const run = await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3, skip));
    expect(run.code).toBe(EXIT.ok);
    expect(run.out).toContain("let generation 2 sign instead of 1 (due): done");
    expect((await cli.observe()).active?.generation).toBe(2);
    expect(messagesOf(run)).toContain("keeping ring main, a run every 300 s");
  });

  test("waits for --interval between two runs", async () => {
    const cli = await startRipeRing();
    const before = cli.sleeps.length;
    await cli.ring(["reconcile", "--watch", "--interval", "7"], stopAfter(cli, 2));
    expect(cli.sleeps.slice(before)).toEqual([7000, 7000]);
  });

  test("survives a run that fails, and does the work in the next one", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    const heal = (pause: number): void => {
      if (pause === 2) cli.kms.emulator.faults.clear();
    };
    const run = await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3, heal));
    expect(run.code).toBe(EXIT.ok);
    expect(messagesOf(run).match(/failed kms_access_denied: /g)).toHaveLength(2);
    expect(run.out).toContain("publish the key set (refused): done");
  });

  test("--json has a line for a run that fails, too", async () => {
    const cli = await startRipeRing();
    cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
    const { out } = await cli.ring(["reconcile", "--watch", "--json"], stopAfter(cli, 2));
    const lines = out.trim().split("\n").map(jsonObject);
    expect(lines).toMatchObject(Array.from({ length: 2 }, () => ({ error: { code: "kms_access_denied" } })));
  });

  test("says nothing while nothing happens; --json prints a line for each run", async () => {
    const cli = await startRipeRing();
    expect((await cli.ring(["reconcile", "--watch"], stopAfter(cli, 3))).out).toBe("");
    const { out } = await cli.ring(["reconcile", "--watch", "--json"], stopAfter(cli, 3));
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(jsonObject(line)).toMatchObject({ converged: true });
  });

  test("ends with the pause when Ctrl-C comes during it, not after it", async () => {
    const cli = await startRipeRing();
    const ctrlC = new AbortController();
    const sleep: CliIo["sleep"] = (_ms, signal) =>
      new Promise((resolve) => {
        given(signal).addEventListener("abort", () => resolve());
        ctrlC.abort();
      });
    expect((await cli.ring(["reconcile", "--watch"], { interrupted: ctrlC.signal, sleep })).code).toBe(EXIT.ok);
  });

  test.for([
    [["--watch", "--interval", "301"], "at most reconcileEverySeconds of the policy (300)"],
    [["--watch", "--interval", "0"], "--interval must be a whole number"],
    [["--interval", "60"], "--interval needs --watch"],
    [["--watch", "--dry-run"], "exclude each other"],
  ] as const)("%j is wrong usage", async ([argv, message]) => {
    const cli = await startCliRing();
    const run = await cli.ring(["reconcile", ...argv]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining(message) });
    expect(cli.kms.emulator.requests.ListAliases).toBe(0);
  });
});

describe("ring reconcile --watch, where tokens can be taken back", () => {
  interface WatchedRing extends CliTable {
    readonly cli: CliRing;
    /** Watches until so many pauses are over. @returns the runs, as `--json` prints them */
    readonly watch: (pauses: number, at: (pause: number) => void | Promise<void>) => Promise<readonly JsonObject[]>;
  }

  async function startWatchedRing(): Promise<WatchedRing> {
    const cli = await startRipeRing();
    const table = await startCliTable(cli);
    const { env } = table;
    await cli.ring(["reconcile"], { env });
    cli.pass(60);
    return {
      cli,
      ...table,
      watch: async (pauses, at) => {
        const monotonicMs = (): number => cli.clock.monotonicMs();
        const io = { ...stopAfter(cli, pauses, at), env, monotonicMs };
        const { out } = await cli.ring(["reconcile", "--watch", "--json"], io);
        return out.trim().split("\n").map(jsonObject);
      },
    };
  }

  /** `iat` of the list that a run shows. */
  function issuedAt(run: JsonObject | undefined): number {
    const list = run?.["list"];
    return isJsonObject(list) ? Number(list["issuedAt"]) : Number.NaN;
  }

  test("publishes at once what is taken back; until then it asks the table for a single item", async () => {
    const { cli, dynamodb, revocations, watch } = await startWatchedRing();
    let revokedAt = 0;
    let asked: readonly string[] = [];
    const runs = await watch(4, async (pause) => {
      if (pause === 1) asked = [...dynamodb.calls];
      if (pause !== 3) return;
      asked = dynamodb.calls.slice(asked.length);
      revokedAt = cli.now();
      await revocations.revokeToken({ jti: "stolen" });
    });
    expect(runs).toMatchObject([
      { list: { result: "unchanged" } },
      { list: { result: "published", reasons: ["revoked"], counts: { jti: 1 } } },
    ]);
    expect(issuedAt(runs[1]) - revokedAt).toBeLessThanOrEqual(5);
    const question = "Query #issuer = :issuer AND #entry = :entry";
    expect(asked).toEqual([question, question]);
  });

  test("what is taken back right after a list waits until that is 10 s old, and no longer", async () => {
    const { cli, revocations, watch } = await startWatchedRing();
    const runs = await watch(5, async (pause) => {
      if (pause === 1) await revocations.revokeToken({ jti: "first" });
      if (pause === 2) await revocations.revokeToken({ jti: "second" });
    });
    expect(runs).toMatchObject([
      { list: { result: "unchanged" } },
      { list: { result: "published", counts: { jti: 1 } } },
      { list: { result: "waiting", reasons: ["revoked"] }, converged: false },
      { list: { result: "published", counts: { jti: 2 } } },
    ]);
    expect(issuedAt(runs[3]) - issuedAt(runs[1])).toBe(10);
    expect(cli.cloudflare.stored("revocations:main")).toBeDefined();
  });

  test("what is taken back while a run reads the table is published by the next one", async () => {
    const { cli, dynamodb, network, revocations, watch } = await startWatchedRing();
    await revocations.revokeToken({ jti: "first" });
    cli.pass(10);
    const { endpoint } = dynamodb;
    stubProcessEnv({ AWS_ENDPOINT_URL_DYNAMODB: endpoint });
    const tables = [createDynamoDbRevocations("sealgate-revocations")];
    const meanwhile = createRevocations({ issuer: TEST_ISSUER, tables, clock: cli.now });
    await meanwhile.revokeToken({ jti: "warms the client up" });
    stubProcessEnv({ AWS_ENDPOINT_URL_DYNAMODB: network.url });
    let second: Promise<unknown> | undefined;
    // The rotator notes what it has published: it has read the table for the last time.
    const begin = dynamodb.calls.length;
    Object.defineProperty(network, "isCut", {
      get: () => {
        const isPublished =
          dynamodb.calls.slice(begin).includes("UpdateItem") && dynamodb.calls.at(-1)?.startsWith("Query");
        if (isPublished === true) second ??= meanwhile.revokeToken({ jti: "second" });
        return false;
      },
    });
    const runs = await watch(3, async () => void (await second));
    expect(runs).toMatchObject([
      { list: { result: "published", counts: { jti: 2 } } },
      { list: { reasons: ["revoked"] } },
      {},
    ]);
  });

  test("a key that is withdrawn while a list waits is withdrawn by the next run, lists or not", async () => {
    const { cli, revocations, watch } = await startWatchedRing();
    const { keyId } = await cli.generation(1);
    const runs = await watch(4, async (pause) => {
      if (pause < 3) await revocations.revokeToken({ jti: `token ${pause}` });
      if (pause === 2) await cli.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    });
    expect(runs).toMatchObject([
      { list: { result: "unchanged" } },
      { list: { result: "published" } },
      { list: { result: "waiting" }, steps: expect.arrayContaining([expect.objectContaining({ step: "publish" })]) },
      {},
    ]);
    expect((await cli.document()).revoked).toHaveLength(1);
  });

  test("runs each minute while the table cannot be asked, and publishes when it can", async () => {
    const { cli, network, revocations, watch } = await startWatchedRing();
    await revocations.revokeToken({ jti: "stolen" });
    network.isCut = true;
    const startedAt = cli.now();
    const runs = await watch(3, (pause) => {
      if (pause === 2) network.isCut = false;
    });
    expect(runs).toMatchObject([
      { list: { result: "failed", fault: "revocation_table_unreachable" } },
      { list: { result: "failed" } },
      { list: { result: "published", counts: { jti: 1 } } },
    ]);
    expect(issuedAt(runs[2]) - startedAt).toBe(120);
  });
});
