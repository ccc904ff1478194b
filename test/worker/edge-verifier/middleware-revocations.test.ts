/** The middleware with lists in the real KV. */
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { sealgate } from "../../../edge-verifier/middleware.ts";
import { ringName, seconds } from "../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../support/revocations.ts";
import { AUDIENCE, makeFixture, NOW } from "./fixture.ts";

test("refuses what was taken back, and every token while there is no list", async () => {
  const fixture = await makeFixture();
  const ring = String(fixture.env["RING"]);
  let now: number = NOW;
  const app = new Hono();
  app.use(sealgate({ revocations: "required", audience: AUDIENCE, clock: () => now * 1000 }));
  app.get("/", (c) => c.text("ok"));
  const ask = async (jti: string): Promise<number> => {
    const headers = { authorization: `Bearer ${await fixture.token({ jti })}` };
    return (await app.request("/", { headers }, fixture.env)).status;
  };
  expect(await ask("one")).toBe(503);
  const list = await signRevocations([takenBack("jti", "one")], seconds(NOW), fixture.root, { ring: ringName(ring) });
  await env.KEY_SETS.put(`revocations:${ring}`, list);
  now += 6;
  expect([await ask("one"), await ask("two")]).toEqual([401, 200]);
  const wrong = new Hono();
  wrong.use(sealgate({ audience: AUDIENCE, clock: () => now * 1000 }));
  expect((await wrong.request("/", {}, { ...fixture.env, REVOCATIONS: "on" })).status).toBe(500);
});
