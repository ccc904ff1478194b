/** Where the list of a ring is; rotators, gateways and verifiers have to agree on it. */
import { expect, test } from "vitest";
import { REVOCATIONS_PATH, revocationsKvKey } from "../../../../shared/revocations/names.ts";
import { TEST_RING } from "../../../support/key-sets.ts";

test("each ring has an entry of its own in KV, and a path of its own at a gateway", () => {
  expect(revocationsKvKey(TEST_RING)).toBe("revocations:main");
  expect(REVOCATIONS_PATH).toBe("/.well-known/sealgate/revocations");
});
