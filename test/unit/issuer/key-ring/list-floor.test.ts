import { expect, test } from "vitest";
import { leastListRev } from "../../../../issuer/key-ring/list-floor.ts";

const documentWith = (leastRev: number | undefined): never =>
  ({ revocations: leastRev === undefined ? undefined : { leastRev } }) as never;
const read = (leastRev: number | undefined): never => ({ kind: "read", document: documentWith(leastRev) }) as never;

test.each([
  ["none", { kind: "missing" } as never, undefined, undefined],
  ["a document without one", read(undefined), undefined, undefined],
  ["the document's", read(5), undefined, 5],
  ["the newer document's, while KV is behind", read(5), documentWith(7), 7],
  ["the higher one", read(9), documentWith(7), 9],
])("%s", (_what, document, newer, floor) => {
  expect(leastListRev({ document, newer })).toBe(floor);
});
