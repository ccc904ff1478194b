/** The note that the rotator leaves on the root key, as a signer reads it. */
import { expect, test } from "vitest";
import { createTaggedDocumentLives } from "../../../../../issuer/key-ring/sign/document-lives.ts";
import { faultOf } from "../../../../support/published-by.ts";
import { MAIN_RING, startRingWorld } from "../../../../support/ring-world.ts";

test("says how long edges have had the document, once a rotator has noted it", async () => {
  const world = await startRingWorld();
  const lives = createTaggedDocumentLives(world.ports.kms, MAIN_RING);
  expect((await faultOf(lives.read())).code).toBe("kms_key_not_found");
  await world.run({ request: { kind: "init" } });
  const { issuedAt, expiresAt } = await world.document();
  expect(await lives.read()).toEqual({ since: issuedAt, until: expiresAt });
  world.pass(50_000);
  await world.run();
  expect(await lives.read()).toEqual({ since: issuedAt, until: (await world.document()).expiresAt });
});
