/** The page around the views: complete, and without anything from elsewhere. */
import { expect, test } from "vitest";
import { renderPage } from "../../../../issuer/console/page.ts";

const EXPECTED = { issuer: "https://auth.example.com", audience: '"><script>' };

async function pageOf(has: boolean): Promise<string> {
  return String(await renderPage({ expected: EXPECTED, hasDecisions: has, hasRoutes: has }));
}

test("loads its own style and script only", async () => {
  const page = await pageOf(true);
  expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
    "/page.css",
    "/page.js",
    "#ring",
    "#ring",
    "#decisions",
    "#glass",
  ]);
  expect(page).toContain('<div id="ring"');
  expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
  expect(page).toContain('id="decisions-rows"');
  expect(page).toContain('id="path"');
});

test("says which option brings a gateway's decisions and answers, where they were not given", async () => {
  const page = await pageOf(false);
  expect(page).toContain("sealgate console --decisions -</code>");
  expect(page).toContain("--routes &lt;file&gt;");
  expect(page).not.toMatch(/id="(?:decisions-rows|path)"/);
});
