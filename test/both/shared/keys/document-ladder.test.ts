/** What key sets and lists have in common: the ladder's codes are those of its family. The rungs: key-ladder.test.ts. */
import { expect, test } from "vitest";
import { createDocumentLadder } from "../../../../shared/keys/document-ladder.ts";
import type { DocumentFamily, StoredDocument } from "../../../../shared/keys/document-ladder.ts";

const NEVER = (): (() => void) => () => undefined;

function ladderOf(
  family: DocumentFamily,
  read: () => Promise<string | null>,
  accept: () => Promise<undefined>,
): {
  readonly problem: () => unknown;
  readonly read: () => Promise<void>;
} {
  const ladder = createDocumentLadder<StoredDocument, DocumentFamily, never>({
    family,
    reader: {
      async read() {
        const text = await read();
        return text === null ? null : { text, ageSeconds: 0 };
      },
    },
    store: { latest: undefined, usable: () => undefined, accept, forgetAge: () => undefined },
    readDeadlineMs: 1000,
    random: () => 0,
    startTimer: NEVER,
  });
  return { problem: () => ladder.schedule.problem, read: () => ladder.read(0, 30, () => undefined) };
}

test.each(["key_set", "revocations"] as const)("%s: each step that fails has its code", async (family) => {
  const fails = (): Promise<never> => Promise.reject(new Error("a text that must not be shown"));
  const cases = [
    [fails, async () => undefined, `${family}_read_failed`],
    [async () => null, async () => undefined, `${family}_missing`],
    [async () => "text", fails, `${family}_check_failed`],
    [async () => "text", async () => undefined, undefined],
  ] as const;
  for (const [read, accept, code] of cases) {
    const ladder = ladderOf(family, read, accept);
    await ladder.read();
    expect(ladder.problem()).toBe(code);
  }
});

test("a read that is late is reported as that, and so is what it brings afterwards", async () => {
  let fire = (): void => undefined;
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const ladder = createDocumentLadder<StoredDocument, "revocations", never>({
    family: "revocations",
    reader: { read: async () => ((await promise) === null ? null : { text: "", ageSeconds: 0 }) },
    store: { latest: undefined, usable: () => undefined, accept: async () => undefined, forgetAge: () => undefined },
    readDeadlineMs: 1000,
    random: () => 0,
    startTimer: (_delayMs, onTime) => {
      fire = onTime;
      return () => undefined;
    },
  });
  const reading = ladder.read(0, 30, () => undefined);
  fire();
  await reading;
  expect(ladder.schedule.problem).toBe("revocations_read_timeout");
  expect(ladder.look(0)).toBeUndefined();
  resolve(null);
});
