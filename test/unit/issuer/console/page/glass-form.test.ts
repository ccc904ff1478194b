/** The form in the page: what is missing is asked for, and what a token says becomes text. Chromium runs it in test/e2e. */
import { parseHTML } from "linkedom";
import { afterEach, expect, test, vi } from "vitest";
import { followGlass } from "../../../../../issuer/console/page/glass-form.ts";
import { epochSecondsFromMs } from "../../../../../shared/identifiers.ts";
import { makeKey, signToken, TEST_ISSUER } from "../../../../support/key-sets.ts";
import { given } from "../../../../support/values.ts";

const AUDIENCE = "https://api.example.com";
const FIELDS = ["token", "issuer", "audience", "pasted"].map((id) => `<textarea id="${id}"></textarea>`).join("");
const PAGE = `<html><body><section id="glass">${FIELDS}<p id="verdict"></p><div id="answer"></div><div id="examined"></div></section></body></html>`;

afterEach(() => vi.unstubAllGlobals());

test("asks for what is missing, and shows markup as text", async () => {
  const fetched = vi.fn<() => Promise<Response>>(() => Promise.reject(new TypeError("no connection")));
  vi.stubGlobal("fetch", fetched);
  const { document, Event } = parseHTML(PAGE);
  followGlass(document, 1_000_000);
  const verdict = (): string => given(document.querySelector("#verdict")).textContent ?? "";
  const type = async (values: Readonly<Record<string, string>>, expected: string): Promise<void> => {
    for (const [id, value] of Object.entries(values)) Object.assign(given(document.querySelector(`#${id}`)), { value });
    given(document.querySelector("#glass")).dispatchEvent(new Event("input"));
    await vi.waitFor(() => expect(verdict()).toContain(expected));
  };
  const key = await makeKey("ES256");
  const now = epochSecondsFromMs(Date.now());
  const token = await signToken({ iss: TEST_ISSUER, aud: AUDIENCE, iat: now, exp: now + 300, sub: "<img>" }, key);
  await type({ token: `Bearer ${token}` }, "Type the issuer");
  await type({ issuer: TEST_ISSUER }, "Type the audience");
  expect(fetched).not.toHaveBeenCalled();
  await type({ audience: AUDIENCE }, "The console did not answer with keys.");
  await type({ pasted: JSON.stringify({ ...key.jwk, kid: key.kid }) }, "Valid");
  expect(document.querySelectorAll(".checks .passed")).toHaveLength(9);
  expect(document.querySelector("#examined img")).toBeNull();
  expect(given(document.querySelector("#examined")).textContent).toContain('"<img>"');
  await type({ token: "" }, "");
  await vi.waitFor(() => expect(document.querySelectorAll("#examined *")).toHaveLength(0));
  expect(JSON.stringify(fetched.mock.calls)).not.toContain(token.slice(-20));
});
