/** `sealgate ring anchors --switch --gateway`: no key set by a root key that a gateway does not pin. */
import { describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { startKeySetServer } from "../../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../../support/key-set-server.ts";
import { given } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import { startCliRing } from "./support.ts";
import type { CliRing } from "./support.ts";

interface Prepared {
  readonly cli: CliRing;
  /** The kids of the present root key and of the next one. */
  readonly kids: readonly [string, string];
}

async function prepare(): Promise<Prepared> {
  const cli = await startCliRing();
  await cli.ring(["init"]);
  await cli.ring(["anchors", "--prepare"]);
  const { root, otherRoots } = await cli.observe();
  return { cli, kids: [given(root?.publicKey).kid, given(otherRoots[0]?.publicKey).kid] };
}

async function startGateway(anchors: readonly string[], ring = "main"): Promise<KeySetServer> {
  const gateway = await startKeySetServer();
  onTestFinished(() => gateway.close());
  gateway.serve(JSON.stringify({ status: "ok", rings: [{ ring, status: "ok", anchors }] }));
  return gateway;
}

describe("ring anchors --switch --gateway", () => {
  test("switches when each gateway pins the next root key", async () => {
    const { cli, kids } = await prepare();
    const gateways = [await startGateway(kids), await startGateway(kids.toReversed())];
    const run = await cli.ring(["anchors", "--switch", ...gateways.flatMap(({ url }) => ["--gateway", url])]);
    expect(run.code).toBe(EXIT.ok);
    expect((await cli.observe()).root?.publicKey?.kid).toBe(kids[1]);
  });

  test("one that lacks it is named, and nothing is switched", async () => {
    const { cli, kids } = await prepare();
    const [good, late] = [await startGateway(kids), await startGateway(kids.slice(0, 1))];
    const argv = ["anchors", "--switch", "--gateway", good.url, "--gateway", late.url];
    const run = await cli.ring(argv);
    expect(run.code).toBe(EXIT.notConverged);
    expect(run.err).toContain(
      `not done anchor_missing: ${late.url}/.well-known/sealgate/health does not pin the next root key`,
    );
    expect(run.err).not.toContain(good.url);
    expect(jsonOf(await cli.ring([...argv, "--json"]))).toMatchObject({ refusal: { code: "anchor_missing" } });
    expect((await cli.observe()).root?.publicKey?.kid).toBe(kids[0]);
  });

  test("one that does not answer, or reads another ring, is no yes", async () => {
    const { cli, kids } = await prepare();
    for (const url of ["http://127.0.0.1:1", (await startGateway(kids, "other")).url]) {
      const run = await cli.ring(["anchors", "--switch", "--gateway", url]);
      expect(run).toMatchObject({
        code: EXIT.notConverged,
        err: expect.stringContaining("does not say which root keys it pins") as unknown,
      });
    }
  });

  test("goes with --switch only", async () => {
    const { cli, kids } = await prepare();
    const { url } = await startGateway(kids);
    expect(await cli.ring(["anchors", "--prepare", "--gateway", url])).toMatchObject({ code: EXIT.usage });
  });
});
