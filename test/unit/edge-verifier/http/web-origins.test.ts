/** Which web origins a list may have, and which pages it stands for. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isListedOrigin, webOriginMatcher } from "../../../../edge-verifier/http/web-origins.ts";

const PATTERN = "https://*.app.example.com";

test.each([
  "https://app.example.com",
  "http://localhost:5173",
  "capacitor://localhost",
  "ionic://localhost",
  "tauri://localhost",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
  PATTERN,
  "https://*.project.pages.dev",
])("%s may be listed", (text) => {
  expect(isListedOrigin(text)).toBe(true);
  expect(webOriginMatcher([text])(text)).toBe(!text.includes("*"));
});

test.each([
  "*",
  "null",
  "",
  "app.example.com",
  "https://app.example.com/",
  "https://APP.example.com",
  "https://a.example:443",
  "https://a.example, https://b.example",
  "capacitor://localhost/",
  "capacitor://LOCALHOST",
  "capacitor://localhost:80",
  "capacitor://",
  "Capacitor://localhost",
  "file://localhost",
  "data://x",
  "javascript://x",
  "ftp://a.example",
  "https://*",
  "https://*.com",
  "https://*.pages.dev",
  "https://*.co.uk",
  "https://*.*.app.example.com",
  "https://a.*.app.example.com",
  "https://a*.app.example.com",
  "https://*.app.example.com/",
  "https://*.app.example.com:8443",
  "https://*.App.example.com",
  "https://*.app..example.com",
  "http://*.app.example.com",
  "capacitor://*.app.example.com",
])("%j may not be listed", (text) => {
  expect(isListedOrigin(text)).toBe(false);
});

describe("a pattern stands for one label", () => {
  const matches = webOriginMatcher([PATTERN, "https://other.example.com"]);

  test.each(["https://a.app.example.com", "https://feature-7.app.example.com", "https://7.app.example.com"])(
    "%s",
    (one) => {
      expect(matches(one)).toBe(true);
    },
  );

  test.each([
    "https://app.example.com",
    "https://.app.example.com",
    "https://a.b.app.example.com",
    "https://aapp.example.com",
    "https://-a.app.example.com",
    "https://a-.app.example.com",
    "https://a.app.example.com:8443",
    "https://a.app.example.com.evil.example",
    "https://evil.example/.app.example.com",
    "https://evil.example#.app.example.com",
    "https://evil.example?.app.example.com",
    "https://user@.app.example.com",
    "https://A.app.example.com",
    "https://a_b.app.example.com",
    "http://a.app.example.com",
    "https://a.app.example.com/",
    "https://*.app.example.com",
    "null",
    "",
  ])("%s is none of them", (one) => {
    expect(matches(one)).toBe(false);
  });

  test("a host that matches is one with one more label, as a URL parser reads it", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab-.:/@#?*%_\\ ".split("")), maxLength: 12 });
    fc.assert(
      fc.property(text, (label) => {
        const origin = `https://${label}.app.example.com`;
        if (!matches(origin)) return;
        const url = new URL(origin);
        expect(url.origin).toBe(origin);
        expect(url.host).toMatch(/^[a-z0-9-]+\.app\.example\.com$/);
      }),
    );
  });
});
