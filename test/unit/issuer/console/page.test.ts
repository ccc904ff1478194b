/** The page around the views: complete, and without anything from elsewhere. */
import { html } from "hono/html";
import { expect, test } from "vitest";
import { renderPage } from "../../../../issuer/console/page.ts";

test("loads its own style and script only", async () => {
  const page = String(
    await renderPage(html`<p>the ring</p>`, { issuer: "https://auth.example.com", audience: '"><script>' }, true),
  );
  expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
    "/page.css",
    "/page.js",
    "#ring",
    "#ring",
    "#decisions",
    "#glass",
  ]);
  expect(page).toContain("<p>the ring</p>");
  expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
});

test("says how to bring decisions in where there are none", async () => {
  const expected = { issuer: "https://auth.example.com", audience: "" };
  const page = String(await renderPage(html``, expected, false));
  expect(page).toContain("sealgate console --decisions -</code>");
  expect(page).not.toContain('id="decisions-rows"');
});
