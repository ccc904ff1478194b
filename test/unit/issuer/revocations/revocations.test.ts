import { describe, expect, test } from "vitest";
import { endOf, entryKey } from "../../../../issuer/revocations/entry.ts";
import type { StoredRevocation } from "../../../../issuer/revocations/entry.ts";
import { createRevocations } from "../../../../issuer/revocations/revocations.ts";
import type { RevocationsOptions } from "../../../../issuer/revocations/revocations.ts";
import type { RevocationWriter } from "../../../../issuer/revocations/store.ts";
import { SealgateError } from "../../../../issuer/errors.ts";
import { err, ok } from "../../../../shared/result.ts";
import type { RevocationCounts } from "../../../../shared/revocations/sections.ts";
import { timeOf } from "../../../support/revocation-store-contract.ts";

const NOW = 1_800_000_000.8;
const ISSUER = "https://auth.example.com";

interface Table extends RevocationWriter {
  readonly written: { readonly key: string; readonly entry: StoredRevocation; readonly forgetAt: number }[];
}

function tableOf(table: string, counts?: RevocationCounts, fault?: SealgateError): Table {
  const written: Table["written"] = [];
  return {
    table,
    written,
    async add(_issuer, entry, forgetAt) {
      if (fault !== undefined) throw fault;
      written.push({ key: entryKey(entry), entry, forgetAt });
    },
    async readCounts() {
      if (fault !== undefined) throw fault;
      return counts;
    },
  };
}

const DOWN = new SealgateError("revocation_table_unreachable", "DynamoDB did not answer.", { retryable: true });

function revocationsTo(
  tables: readonly Table[],
  options: Partial<RevocationsOptions> = {},
): ReturnType<typeof createRevocations> {
  return createRevocations({ issuer: ISSUER, tables, clock: () => timeOf(NOW), ...options });
}

describe("what is written", () => {
  test("for a token, its exp; and DynamoDB may tidy a week after the end", async () => {
    const table = tableOf("a");
    await revocationsTo([table]).revokeToken({ jti: "one", expiresAt: 1_800_003_600 });
    const [{ key, entry, forgetAt } = { key: "", entry: undefined, forgetAt: 0 }] = table.written;
    expect(key).toMatch(/^1800003600#jti#[\w-]{11}$/);
    expect(entry && endOf(entry, { clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 })).toBe(1_800_003_720);
    expect(forgetAt).toBe(1_800_003_720 + 7 * 86_400);
  });

  test("for a token whose exp is not known, the time: the rotator's timing decides", async () => {
    const table = tableOf("a");
    await revocationsTo([table]).revokeToken({ jti: "one" });
    expect(table.written[0]?.key).toMatch(/^1800000001#jti#.*#r$/);
  });

  // At most one entry a minute, however often a user logs out.
  test("for a session, the end of the minute", async () => {
    const table = tableOf("a");
    await revocationsTo([table]).revokeSession("s");
    await revocationsTo([table], { clock: () => timeOf(NOW + 50) }).revokeSession("s");
    expect(table.written.map(({ key }) => key.slice(0, 15))).toEqual(["1800000060#sid#", "1800000060#sid#"]);
  });

  // A token signed at 1000.2 by a clock that is K ahead has the iat 1060; one that was signed within the same second has 1000.
  test("for a subject, the first second whose tokens cannot be older, by any clock", async () => {
    const table = tableOf("a");
    await revocationsTo([table]).revokeSubject("alice");
    await revocationsTo([table]).revokeSubject("alice", { issuedBefore: 1_799_999_000 });
    expect(table.written.map(({ key }) => key.slice(0, 15))).toEqual(["1800000061#sub#", "1799999061#sub#"]);
  });

  test("differs by issuer and kind, and holds no claim", async () => {
    const table = tableOf("a");
    await revocationsTo([table]).revokeSession("alice");
    await revocationsTo([table]).revokeSubject("alice");
    await revocationsTo([table], { issuer: "https://other.example.com" }).revokeSession("alice");
    const prefixes = table.written.map(({ key }) => key.split("#")[2]);
    expect(new Set(prefixes).size).toBe(3);
    expect(JSON.stringify(table.written)).not.toContain("alice");
  });
});

describe("a token itself", () => {
  const claims = { iss: ISSUER, jti: "one", iat: 1_800_000_000, exp: 1_800_003_600 };
  const accepting = { verify: async () => ok({ claims } as never) };

  test("is taken back by its jti, if the verifier accepts it", async () => {
    const table = tableOf("a");
    await revocationsTo([table], { verifier: accepting }).revokeToken("a.b.c");
    expect(table.written[0]?.key).toMatch(/^1800003600#jti#/);
  });

  test("that is refused anyway is not written", async () => {
    const table = tableOf("a");
    const verifier = { verify: async () => err({ code: "kid_revoked" as const }) };
    expect(await revocationsTo([table], { verifier }).revokeToken("a.b.c")).toBeUndefined();
    expect(table.written).toEqual([]);
  });

  test.each(["keys_unavailable", "revocations_unavailable"])(
    "that cannot be verified (%s) is not taken for a bad one",
    async (code) => {
      const verifier = { verify: async () => err({ code }) };
      await expect(revocationsTo([tableOf("a")], { verifier }).revokeToken("a.b.c")).rejects.toMatchObject({
        code: "revocation_unverified",
        retryable: true,
      });
    },
  );

  test("needs a verifier", async () => {
    await expect(revocationsTo([tableOf("a")]).revokeToken("a.b.c")).rejects.toThrow("option verifier");
  });

  test("without a jti cannot be taken back", async () => {
    const verifier = { verify: async () => ok({ claims: { ...claims, jti: undefined } } as never) };
    await expect(revocationsTo([tableOf("a")], { verifier }).revokeToken("a.b.c")).rejects.toMatchObject({
      code: "input_invalid",
    });
  });
});

describe("several tables", () => {
  test("all of them are written; one that fails is reported", async () => {
    const [home, other] = [tableOf("home", undefined, DOWN), tableOf("other")];
    expect(await revocationsTo([home, other]).revokeSession("s")).toEqual({
      entry: other.written[0]?.key,
      until: 1_800_000_060 + 900 + 3600 + 180,
      stored: ["other"],
      failed: [{ table: "home", code: "revocation_table_unreachable", message: DOWN.message }],
    });
    expect(other.written).toHaveLength(1);
  });

  test("when all fail, nothing was revoked, and the caller knows", async () => {
    const tables = [tableOf("home", undefined, DOWN), tableOf("other", undefined, DOWN)];
    await expect(revocationsTo(tables).revokeSession("s")).rejects.toBe(DOWN);
  });
});

describe("a full table", () => {
  test.each([
    ["jti", { jti: 89_999, sid: 0, sub: 0 }, false],
    ["jti", { jti: 90_000, sid: 0, sub: 0 }, true],
    ["sid", { jti: 90_000, sid: 100, sub: 100 }, false],
    ["sid", { jti: 0, sid: 56_000, sub: 0 }, true],
    ["sub", { jti: 90_000, sid: 0, sub: 44_799 }, false],
    // Users who log out in a loop must not keep a compromised account alive.
    ["sub", { jti: 90_000, sid: 200_000, sub: 44_799 }, false],
    ["sub", { jti: 0, sid: 0, sub: 44_800 }, true],
  ] as const)("another %s after %j is refused: %s", async (kind, counts, isRefused) => {
    const table = tableOf("a", counts);
    const revocations = revocationsTo([table]);
    const work =
      kind === "jti"
        ? revocations.revokeToken({ jti: "a" })
        : kind === "sid"
          ? revocations.revokeSession("a")
          : revocations.revokeSubject("a");
    const code = await work.then(
      () => undefined,
      (error: unknown) => error instanceof SealgateError && error.code,
    );
    expect([code, table.written.length]).toEqual(isRefused ? ["revocations_full", 0] : [undefined, 1]);
  });

  test("a count that cannot be read keeps no token alive", async () => {
    const table = tableOf("a");
    const unreadable: Table = { ...table, readCounts: () => Promise.reject(DOWN) };
    expect(await revocationsTo([unreadable]).revokeSession("s")).toMatchObject({ stored: ["a"], failed: [] });
  });
});

test.each([
  [{ jti: "" }],
  [{ jti: "x".repeat(16_385) }],
  [{ jti: 5 as never }],
  [{ jti: "a", expiresAt: Number.NaN }],
  [{ jti: "a", expiresAt: -1 }],
  [{ jti: "a", expiresAt: "1800000000" as never }],
  [{ jti: "a", expiresAt: NOW + 401 * 86_400 }],
])("revokeToken(%j) is refused", async (token) => {
  await expect(revocationsTo([tableOf("a")]).revokeToken(token)).rejects.toMatchObject({ code: "input_invalid" });
});

test("a whole token in the place of its jti, sid or sub is refused, and a name with dots is none", async () => {
  const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: "key-1", typ: "JWT" })).toString("base64url");
  const table = tableOf("a");
  const revocations = revocationsTo([table]);
  for (const token of [`${header}.e30.AAAA`, `Bearer ${header}.e30.AAAA`]) {
    for (const revoking of [
      revocations.revokeToken({ jti: token }),
      revocations.revokeSession(token),
      revocations.revokeSubject(token),
    ])
      await expect(revoking).rejects.toMatchObject({
        code: "input_invalid",
        message: expect.stringContaining("is a whole token here"),
      });
  }
  await revocations.revokeSubject("a.b.c");
  expect(table.written).toHaveLength(1);
});

test("the longest claim that a token can hold is taken back", async () => {
  const table = tableOf("a");
  await revocationsTo([table]).revokeSession("x".repeat(12_288));
  await revocationsTo([table]).revokeSubject("x".repeat(12_288));
  expect(table.written).toHaveLength(2);
});

test.each([NOW + 1, -1, Number.NaN, "now" as never])("issuedBefore %s is refused", async (issuedBefore) => {
  const revoking = revocationsTo([tableOf("a")]).revokeSubject("alice", { issuedBefore });
  await expect(revoking).rejects.toMatchObject({ code: "input_invalid" });
});

test.each([
  [{ issuer: "auth" }, "issuer"],
  [{ tables: [] }, "tables"],
  [{ tables: ["a b"] }, "table must be the name"],
  [{ table: "abc" } as never, "table (use tables)"],
  [{ clockSkewSeconds: -1 }, "clockSkewSeconds"],
] as const)("options %j are refused", (options, message) => {
  expect(() => createRevocations({ issuer: ISSUER, tables: ["abc"], ...options })).toThrow(message);
});
