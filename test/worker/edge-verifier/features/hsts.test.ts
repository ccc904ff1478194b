/** `Strict-Transport-Security`, where it is configured and the origin says nothing. */
import { expect, test } from "vitest";
import { makeFixture, problemOf } from "../fixture.ts";

const originWith = (headers: Readonly<Record<string, string>>): object => ({
  fetch: async () => new Response("body", { headers }),
});

test("HSTS is set when it is configured, and what the origin says stays", async () => {
  const vars = { HSTS_MAX_AGE_SECONDS: "31536000" };
  const fixture = await makeFixture({ vars });
  expect((await fixture.send("/public/x")).headers.get("strict-transport-security")).toBe("max-age=31536000");
  expect((await fixture.send("/api/x")).headers.get("strict-transport-security")).toBe("max-age=31536000");
  const own = { "strict-transport-security": "max-age=1; preload", "x-content-type-options": "other" };
  const outspoken = await makeFixture({ vars: { ...vars, ORIGIN: originWith(own) } });
  expect(Object.fromEntries((await outspoken.send("/public/x")).headers)).toMatchObject(own);
});

test.each(["-1", "1.5", "a year", "63072001"])("HSTS_MAX_AGE_SECONDS %j is refused at start", async (value) => {
  const broken = await makeFixture({ vars: { HSTS_MAX_AGE_SECONDS: value } });
  expect(await problemOf(await broken.send("/public/x"))).toMatchObject({ code: "config_invalid" });
});
