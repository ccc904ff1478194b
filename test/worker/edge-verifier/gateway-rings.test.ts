/** A gateway that reads two rings, through the Worker's own entry point: what each says about the other's tokens and keys. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { makeDocument, makeKey, makeRoot, ringName, seconds, signKeySet, signToken } from "../../support/key-sets.ts";
import { AUDIENCE, makeFixture, NOW, problemOf } from "./fixture.ts";

const WEST = "gateway-rings-west";

test("a ring without a key set is 503 for its own tokens, and nothing for the other's", async () => {
  const fixture = await makeFixture();
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  const main = String(fixture.env["RING"]);
  fixture.env["RING"] = `${main},${WEST}`;
  fixture.env["TRUST_ANCHORS"] = JSON.stringify({ [main]: [fixture.root.jwk], [WEST]: [root.jwk] });
  const claims = { iss: String(fixture.env["ISSUER"]), aud: AUDIENCE, sub: "u", iat: NOW, exp: NOW + 600 };
  const ofWest = await signToken(claims, key);
  const asWest = async (): Promise<Response> =>
    fixture.send("/api/x", { headers: { authorization: `Bearer ${ofWest}` } });

  expect((await fixture.sendAs({}, "/api/x")).status).toBe(200);
  expect(await problemOf(await asWest())).toMatchObject({ status: 503, code: "keys_unavailable" });
  expect((await fixture.send("/.well-known/jwks.json")).status).toBe(503);
  const health = await fixture.send("/.well-known/sealgate/health");
  expect([health.status, await health.json()]).toMatchObject([
    200,
    { status: "degraded", rings: [{ status: "ok" }, { ring: WEST, status: "unavailable", anchors: [root.kid] }] },
  ]);

  const document = { ...makeDocument([key], seconds(NOW - 10)), ring: ringName(WEST) };
  await env.KEY_SETS.put(`key-set:${WEST}`, await signKeySet(document, root));
  fixture.setNow(NOW + 40);
  expect((await asWest()).status).toBe(200);
  expect((await fixture.sendAs({}, "/api/x")).status).toBe(200);
  const { keys } = await (await fixture.send("/.well-known/jwks.json")).json<{ keys: readonly { kid: string }[] }>();
  expect(keys.map(({ kid }) => kid)).toEqual([fixture.key.kid, key.kid]);
  expect((await fixture.send(`/.well-known/sealgate/key-set/${WEST}`)).status).toBe(200);
  expect((await fixture.send("/.well-known/sealgate/key-set")).status).toBe(404);
});
