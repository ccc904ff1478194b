/** Pieces of HTML: texts stay text. */
import { expect, test } from "vitest";
import { renderFault } from "../../../../issuer/console/html.ts";

test("a fault is an alert, and what it quotes is text", async () => {
  const page = String(await renderFault("publish_failed", `<img src=x onerror=alert(1)>"\u202e`));
  expect(page).toContain('role="alert"><b>publish_failed</b>: &lt;img src=x onerror=alert(1)&gt;&quot;\\u202e</p>');
});
