/** `sealgate ring adopt`: an existing key becomes a pending key, once. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { messagesOf, startRipeRing } from "./support.ts";
import type { CliRing } from "./support.ts";

describe("ring adopt", () => {
  test("makes an existing key a pending key, once", async () => {
    const cli = await startRipeRing();
    const keyArn = await cli.kms.createKeyFor("ES256");
    expect((await cli.ring(["adopt", keyArn])).code).toBe(EXIT.ok);
    expect((await cli.generation(3)).keyArn).toBe(keyArn);
    expect((await cli.document()).keys.map(({ state }) => state)).toEqual(["active", "pending", "pending"]);
    expect(await cli.ring(["adopt", keyArn])).toMatchObject({
      code: EXIT.ok,
      out: expect.stringMatching(/^nothing to do/),
    });
  });

  test.for([
    ["that KMS does not know", async () => "alias/nowhere", "candidate_not_found"],
    ["of another kind", (cli: CliRing) => cli.kms.createKeyFor("RS256"), "candidate_unfit"],
    ["that is the root key", async () => "alias/sealgate/main/root", "candidate_in_use"],
  ] as const)("a key %s is exit code 2, and changes nothing", async ([, keyOf, refusal]) => {
    const cli = await startRipeRing();
    const run = await cli.ring(["adopt", await keyOf(cli)]);
    expect(run.code).toBe(EXIT.usage);
    expect(messagesOf(run)).toContain(`not done ${refusal}`);
    expect((await cli.observe()).generations).toHaveLength(2);
  });
});
