/** The styles: complete in both themes, and without anything from elsewhere. */
import { expect, test } from "vitest";
import { STYLES } from "../../../../issuer/console/styles.ts";
import { SPAN_WORDS } from "../../../../issuer/console/time-line.ts";

test("nothing is loaded", () => {
  expect(STYLES).not.toMatch(/url\(|@import/);
});

test("each kind of span has a colour, in light and in dark", () => {
  for (const kind of Object.keys(SPAN_WORDS)) {
    expect(STYLES.match(new RegExp(`--${kind}: #`, "g")), kind).toHaveLength(2);
    expect(STYLES, kind).toContain(`rect.${kind} {`);
  }
});
