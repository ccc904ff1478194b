/** A token under the glass, in a real browser: the verifier runs in the page, and nothing leaves it. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import routes from "../../edge-verifier/routes.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { createRingSource } from "../../issuer/key-ring/sign/ring-source.ts";
import { launchChromium, NO_CHROMIUM } from "../support/browser.ts";
import { CONSOLE_AUDIENCE, keepPictures, openConsole, seriousFindings } from "../support/console-page.ts";
import { makeKey, signToken, TEST_ISSUER } from "../support/key-sets.ts";
import { startRevocationWorld } from "../support/revocation-world.ts";

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

test("a token is checked in the page by the real verifier, against the ring and other keys, and goes nowhere", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const { world, page, requests, complaints } = await openConsole(browser);
  const now = world.now();
  const source = createRingSource(world.policy, { kms: world.kms.kms, clock: world.now });
  const issuer = createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 3600, clock: world.now });
  const { token } = await issuer.sign({ sub: "user-1" }, { audience: CONSOLE_AUDIENCE, ttlSeconds: 300 });
  const verdict = page.locator("#verdict");
  await page.getByLabel("Token", { exact: true }).fill(token);
  await verdict.getByText("Valid: every check has passed.").waitFor();
  await page
    .getByText(/in 5 min|in 4 min/)
    .first()
    .waitFor();
  // The same claims, signed by another key under the kid of the ring's.
  const forger = await makeKey("ES256");
  const claims = { iss: TEST_ISSUER, aud: CONSOLE_AUDIENCE, iat: now, exp: now + 300 };
  const kid = (await world.document()).keys[0]?.kid ?? "";
  await page.getByLabel("Token", { exact: true }).fill(await signToken(claims, forger, { kid }));
  await verdict.getByText("Refused, signature_invalid: The token's signature does not hold.").waitFor();
  await page.getByText("✗ Signature: failed").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  // Another issuer's keys, and claims that look like a page.
  const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e`;
  await page.getByLabel(/^Other keys/).fill(JSON.stringify({ keys: [{ ...forger.jwk, kid: forger.kid }] }));
  await page.getByLabel("Token", { exact: true }).fill(await signToken({ ...claims, [hostile]: hostile }, forger));
  await verdict.getByText("Valid").waitFor();
  expect(await page.locator("#examined").textContent()).toContain("<script>document.title='owned'</script>\\u202e");
  expect(await page.locator("#examined img, #examined script").count()).toBe(0);
  expect(await page.title()).toBe("sealgate console");
  expect(
    requests.map((url) => new URL(url).pathname).filter((path) => !/^\/(?:|keys|ring|page\.(?:js|css))$/.test(path)),
  ).toEqual([]);
  expect(requests.filter((url) => url.includes(token.slice(-20)))).toEqual([]);
  expect(await page.evaluate("localStorage.length + sessionStorage.length")).toBe(0);
  expect(complaints).toEqual([]);
});

test("the page says which rule decides and what the gateway would answer, also to a token that was taken back", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const revocationWorld = await startRevocationWorld();
  const { ring, store, publisher, revocations } = revocationWorld;
  await revocationWorld.run();
  const { page, requests, complaints } = await openConsole(browser, {
    world: ring,
    routes,
    revocations: { store, publisher },
    browser: { viewport: { width: 360, height: 740 } },
  });
  const source = createRingSource(ring.policy, { kms: ring.kms.kms, clock: ring.now });
  const issuer = createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 3600, clock: ring.now });
  const { token, jti } = await issuer.sign({ sub: "user-1" }, { audience: CONSOLE_AUDIENCE, ttlSeconds: 300 });
  const answer = page.locator("#answer");
  await page.getByLabel("Token", { exact: true }).fill(token);
  await answer.getByText("✓ Forwarded to the origin: the rule admits the request.").waitFor();
  expect(await answer.textContent()).toContain('routes[3] {"path":"/api/*","require":{}}');
  expect(await answer.textContent()).toContain("x-sealgate-subjectuser-1");
  await page.getByLabel("Path").fill("/api/admin/<b>");
  await answer.getByText("403 insufficient_scope. In the log, scope_missing: The token is good").waitFor();
  await page.getByLabel("Path").fill("/api/reports/7");
  await page.getByLabel("Method").selectOption("POST");
  await answer.getByText("Forwarded to the origin").waitFor();
  await page.getByLabel("Path").fill("/internal");
  await answer.getByText("404 not_found: No rule of the policy matches the path.").waitFor();
  await page.getByText("✓ Not taken back").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  await revocations.revokeToken({ jti });
  ring.pass(20);
  await revocationWorld.run();
  await page.clock.runFor(20_000);
  await page.getByLabel("Path").fill("/api/orders");
  await answer.getByText(/token_revoked: The token was taken back/).waitFor();
  await page.getByText("✗ Not taken back").waitFor();
  await page.getByRole("row", { name: "one token (jti)" }).getByText("yes").waitFor();
  await page.setViewportSize({ width: 1200, height: 900 });
  await keepPictures(page, "token-taken-back");
  expect(requests.filter((url) => url.includes("/api/") || url.includes(token.slice(-20)))).toEqual([]);
  expect(complaints).toEqual([]);
});
