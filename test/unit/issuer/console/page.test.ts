/** The page around the views: complete, and without anything from elsewhere. */
import { html } from "hono/html";
import { expect, test } from "vitest";
import { renderPage, STYLES } from "../../../../issuer/console/page.ts";
import { SPAN_WORDS } from "../../../../issuer/console/time-line.ts";

test("loads its own style and script only", async () => {
  const page = String(
    await renderPage(html`<p>the ring</p>`, { issuer: "https://auth.example.com", audience: '"><script>' }),
  );
  expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
    "/page.css",
    "/page.js",
    "#ring",
  ]);
  expect(page).toContain("<p>the ring</p>");
  expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
  expect(STYLES).not.toMatch(/url\(|@import/);
});

test("each kind of span has a colour, in light and in dark", () => {
  for (const kind of Object.keys(SPAN_WORDS)) {
    expect(STYLES.match(new RegExp(`--${kind}: #`, "g")), kind).toHaveLength(2);
    expect(STYLES, kind).toContain(`rect.${kind} {`);
  }
});
