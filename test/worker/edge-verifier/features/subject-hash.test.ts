/** Names for subjects in the log, by a keyed hash. */
import { describe, expect, test } from "vitest";
import { createSubjectHasher } from "../../../../edge-verifier/features/subject-hash.ts";
import { AUDIENCE, configure, makeFixture, NOW } from "../fixture.ts";

describe("the event", () => {
  test("has no subject unless asked for", async () => {
    const fixture = await makeFixture();
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).not.toHaveProperty("subject");
  });

  test("names subjects by a keyed hash when asked for", async () => {
    const subjectOf = async (key: string, sub: string | undefined): Promise<string | undefined> => {
      const fixture = await makeFixture({ vars: { LOG_SUBJECT_HASH_KEY: key } });
      await fixture.sendAs({ sub }, "/api/x");
      await fixture.sendAs({ sub }, "/api/admin");
      const subjects = fixture.events.map(({ subject }) => subject);
      expect(new Set(subjects).size).toBe(1);
      expect(JSON.stringify(fixture.events)).not.toContain("alice");
      return subjects[0];
    };
    const [one, other] = ["k".repeat(32), "l".repeat(32)];
    const alice = await subjectOf(one, "alice");
    expect(alice).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await subjectOf(one, "alice")).toBe(alice);
    expect(await subjectOf(one, "bob")).not.toBe(alice);
    expect(await subjectOf(other, "alice")).not.toBe(alice);
    expect(await subjectOf(one, undefined)).toBeUndefined();
  });

  test("names two issuers' subjects of one name by two hashes", async () => {
    const hash = await createSubjectHasher("k".repeat(32));
    const header = { alg: "ES256", kid: "k", typ: undefined } as const;
    const issuers = ["https://a.example", "https://b.example"];
    const hashes = issuers.map((iss) => hash({ header, claims: { iss, aud: AUDIENCE, sub: "alice", exp: NOW } }));
    expect(new Set(await Promise.all(hashes)).size).toBe(2);
  });

  test.each(["short", 42])("needs a key of 32 characters: %j is none", async (LOG_SUBJECT_HASH_KEY) => {
    const { problems } = await configure({ LOG_SUBJECT_HASH_KEY });
    expect(problems).toEqual([{ variable: "LOG_SUBJECT_HASH_KEY", problem: "must be at least 32 characters" }]);
  });
});
