/** What commands do with the streams they are given. */
import { expect, test } from "vitest";
import { wantsColor } from "../../../../issuer/cli/io.ts";

test("colour is for a terminal, unless NO_COLOR is set to something", () => {
  expect(wantsColor({}, true)).toBe(true);
  expect(wantsColor({ NO_COLOR: "" }, true)).toBe(true);
  expect(wantsColor({ NO_COLOR: "1" }, true)).toBe(false);
  expect(wantsColor({ NO_COLOR: "0" }, true)).toBe(false);
  expect(wantsColor({}, false)).toBe(false);
});
