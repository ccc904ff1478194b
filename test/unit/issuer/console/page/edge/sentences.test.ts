/** Each reason is a sentence; the type makes the list complete. */
import { expect, test } from "vitest";
import { sentenceOf } from "../../../../../../issuer/console/page/edge/sentences.ts";

test("a reason of the gateway's log is a sentence, and another text is none", () => {
  for (const reason of ["signature_invalid", "scope_missing", "not_found", "too_many_requests", "keys_unavailable"]) {
    expect(sentenceOf(reason)).toMatch(/^[A-Z].*\.$/);
  }
  for (const other of ["", "forwarded", "toString", "__proto__"]) expect(sentenceOf(other)).toBe("");
});
