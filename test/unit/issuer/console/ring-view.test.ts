/** The ring as HTML: its facts, and texts of strangers, which stay text. */
import { expect, test } from "vitest";
import { renderRing } from "../../../../issuer/console/ring-view.ts";
import { given } from "../../../support/values.ts";
import { readingOf } from "./support.ts";

test("shows the time line, what comes next and why, keys, KV, gateways and commands", async () => {
  const reading = readingOf();
  const gateway = {
    anchors: [],
    url: "https://api.example.com/.well-known/sealgate/health",
    status: "ok",
    rev: 7,
    source: "kv",
    ageSeconds: 61,
    revocations: undefined,
  } as const;
  const page = String(
    await renderRing({ ...reading, gateways: [{ ...gateway, problem: undefined, published: "same" }] }),
  );
  expect(page).toMatch(/aria-label="Generation 1, now signs\. /);
  expect(page).toMatch(/<line class="now" x1="[\d.]+%"/);
  expect(page).toContain("generation 2 signs: the active key has its time to sign");
  expect(page).toContain(given(reading.state.observed.root?.publicKey).kid);
  expect(page).toMatch(/KV holds<\/dt>\s*<dd>rev \d+, 2 keys, 0 revoked/);
  expect(page).toMatch(
    /<dt>https:\/\/api\.example\.com<\/dt>\s*<dd>ok, rev 7: what KV holds, from kv, 1 min 1 s old<\/dd>/,
  );
  expect(page).toContain('data-copy="sealgate ring rotate --wait"');
  expect(page).not.toMatch(/style=|<script|on\w+=/);
});

test("says so where there is nothing", async () => {
  const { state } = readingOf();
  const observed = {
    ...state.observed,
    root: undefined,
    otherRoots: [],
    generations: [],
    document: { kind: "missing" },
  } as const;
  const page = String(await renderRing(readingOf(observed)));
  expect(page).toContain("The ring has no generation.");
  expect(page).toContain("<b>root_missing</b>");
  expect(page).toContain("No gateway was given");
});

test("keeps markup and marks of direction as text, wherever they come from", async () => {
  const hostile = `<img src=x onerror=alert(1)>"\u202e`;
  const { state } = readingOf();
  const [first, ...others] = state.observed.generations;
  const generations = [{ ...given(first), keyId: hostile, keyState: hostile }, ...others];
  const document = { kind: "unknown", fault: "publish_failed", message: hostile } as const;
  const page = String(await renderRing(readingOf({ ...state.observed, generations, document })));
  expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;\\u202e");
  expect(page).not.toContain("<img");
  expect(page).not.toContain("\u202e");
});
