/** What every revocation store must do: run against DynamoDB's protocol and against the simulation's model. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryKey, parseEntryKey } from "../../issuer/revocations/entry.ts";
import type { StoredRevocation } from "../../issuer/revocations/entry.ts";
import type { RevocationStore } from "../../issuer/revocations/store.ts";
import { parseEpochSeconds, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl } from "../../shared/identifiers.ts";
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import { given } from "./values.ts";

export function issuerOf(url: string): IssuerUrl {
  const issuer = parseIssuerUrl(url);
  if (!issuer.ok) throw new Error(issuer.error);
  return issuer.value;
}

export function timeOf(seconds: number): EpochSeconds {
  return given(parseEpochSeconds(seconds));
}

export function tokenEntry(jti: string, expiresAt: number, issuer = "https://auth.example.com"): StoredRevocation {
  return { kind: "jti", prefix: revocationPrefix("jti", issuer, jti), expiresAt: timeOf(expiresAt) };
}

const LATER = timeOf(1_900_000_000);
const RING = given(parseRingName("main"));

export function describeRevocationStoreContract(
  name: string,
  start: () => Promise<{ readonly store: RevocationStore; close(): Promise<void> }>,
): void {
  describe(`the revocation store contract, on ${name}`, () => {
    let store: RevocationStore;
    let target: { close(): Promise<void> };
    let issuers = 0;
    /** Each test has an issuer of its own, which no other test writes for. */
    const anIssuer = (): IssuerUrl => issuerOf(`https://auth-${(issuers += 1)}.example.com`);
    const keysOf = async (issuer: IssuerUrl): Promise<readonly string[]> =>
      (await store.load(issuer)).entries.map(entryKey).toSorted();

    beforeAll(async () => {
      const started = await start();
      store = started.store;
      target = started;
    });
    afterAll(() => target.close());

    test("an issuer without entries has none", async () => {
      expect(await store.load(anIssuer())).toMatchObject({ entries: [], unreadable: 0 });
    });

    test("what was added is read by the next reading, of each kind", async () => {
      const issuer = anIssuer();
      const keys = [
        "1800000000#jti#AAAAAAAAAAA",
        "1800000000#jti#AAAAAAAAAAA#r",
        "1800000000#sid#AAAAAAAAAAAAAAAAAAAAAA#r",
        "1800000061#sub#AAAAAAAAAAAAAAAAAAAAAA",
      ];
      for (const key of keys) await store.add(issuer, given(parseEntryKey(key)), LATER);
      expect(await keysOf(issuer)).toEqual(keys);
    });

    test("adding again changes nothing, and another end of the same token is another entry", async () => {
      const issuer = anIssuer();
      await store.add(issuer, tokenEntry("a", 1_800_000_000), LATER);
      await store.add(issuer, tokenEntry("a", 1_800_000_000), LATER);
      expect((await store.load(issuer)).entries).toHaveLength(1);
      await store.add(issuer, tokenEntry("a", 1_700_000_000), LATER);
      expect((await store.load(issuer)).entries).toHaveLength(2);
    });

    test("entries with an earlier time than is asked for are not read", async () => {
      const issuer = anIssuer();
      for (const at of [1_700_000_000, 1_799_999_999, 1_800_000_000, 1_900_000_000]) {
        await store.add(issuer, tokenEntry("a", at), LATER);
      }
      const { entries } = await store.load(issuer, timeOf(1_800_000_000));
      expect(entries.map((entry) => entryKey(entry).slice(0, 10)).toSorted()).toEqual(["1800000000", "1900000000"]);
    });

    test("writers at once lose nothing", async () => {
      const issuer = anIssuer();
      const numbers = Array.from({ length: 30 }, (_, index) => index);
      await Promise.all(numbers.map((index) => store.add(issuer, tokenEntry(`token ${index}`, 1_800_000_000), LATER)));
      expect((await store.load(issuer)).entries).toHaveLength(30);
    });

    test("issuers do not see each other's entries, nor what the rotator keeps", async () => {
      const [one, other] = [anIssuer(), anIssuer()];
      await store.add(one, tokenEntry("a", 1_800_000_000), LATER);
      await store.takeRev(other, () => 5);
      await store.writeNote(other, RING, { counts: { jti: 1, sid: 2, sub: 3 }, since: timeOf(1_800_000_000) });
      expect((await store.load(other)).entries).toEqual([]);
    });

    test("revs are taken once each, and only upwards", async () => {
      const issuer = anIssuer();
      const next = (taken: number | undefined): number => (taken ?? 1000) + 1;
      expect(await store.takeRev(issuer, next)).toBe(1001);
      const revs = await Promise.all(Array.from({ length: 5 }, () => store.takeRev(issuer, next)));
      expect(revs.toSorted((a, b) => a - b)).toEqual([1002, 1003, 1004, 1005, 1006]);
      await store.takeRev(issuer, () => 1_800_000_000_123_456);
      expect(await store.takeRev(issuer, next)).toBe(1_800_000_000_123_457);
    });

    test("the rotator's note is read back, and its counts are what writers are told", async () => {
      const issuer = anIssuer();
      expect(await store.readNote(issuer, RING)).toBeUndefined();
      expect(await store.readCounts(issuer)).toBeUndefined();
      const note = { counts: { jti: 1, sid: 2, sub: 3 }, since: timeOf(1_800_000_000) };
      await store.writeNote(issuer, RING, note);
      expect(await store.readNote(issuer, RING)).toEqual(note);
      expect(await store.readCounts(issuer)).toEqual(note.counts);
    });
  });
}
