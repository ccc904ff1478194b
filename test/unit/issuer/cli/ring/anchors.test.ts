/** `sealgate ring anchors` and `ring bootstrap`: what the Worker is configured with, and the change of a root key. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { importTrustAnchors, openKeySet } from "../../../../../shared/signed-key-set.ts";
import { TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";
import { given, valueOf } from "../../../../support/values.ts";
import { jsonOf } from "../support.ts";
import type { CliRun } from "../support.ts";
import { messagesOf, startCliRing, startRipeRing } from "./support.ts";

/** The anchors of the last line that can be pasted. */
function pastedFrom({ out }: CliRun): readonly { readonly kid: string }[] {
  const lines = [...out.matchAll(/^TRUST_ANCHORS='(.*)'$/gm)];
  return JSON.parse(lines.at(-1)?.[1] ?? "[]") as readonly { kid: string }[];
}

describe("ring anchors", () => {
  test("prints a line that the Worker takes as it is, and changes nothing", async () => {
    const cli = await startRipeRing();
    const before = { ...cli.kms.emulator.requests };
    const run = await cli.ring(["anchors"]);
    expect(run.code).toBe(EXIT.ok);
    const anchors = valueOf(await importTrustAnchors(pastedFrom(run)));
    const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
    expect((await openKeySet(given(cli.stored()), rules, cli.now())).ok).toBe(true);
    for (const operation of ["CreateKey", "CreateAlias", "TagResource", "Sign"] as const) {
      expect(cli.kms.emulator.requests[operation]).toBe(before[operation]);
    }
  });

  test("a look does no upkeep, even where some is due", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    expect((await cli.ring(["anchors"])).code).toBe(EXIT.ok);
    expect(cli.stored()).toBe("something else");
  });

  test("the root key is changed in three steps, none of which leaves an edge without a key set it believes", async () => {
    const cli = await startRipeRing();
    const [old] = pastedFrom(await cli.ring(["anchors"]));

    const prepared = await cli.ring(["anchors", "--prepare"]);
    expect(prepared.code).toBe(EXIT.ok);
    const both = pastedFrom(prepared);
    expect(both).toHaveLength(2);
    expect(both[0]).toEqual(old);
    expect(messagesOf(prepared)).toContain("Deploy both");

    const switched = await cli.ring(["anchors", "--switch"]);
    expect(switched.code).toBe(EXIT.ok);
    expect(messagesOf(switched)).toMatch(/Leave both deployed for now.* Safe from 20\d\d-/);
    expect(pastedFrom(switched)).toHaveLength(2);
    const anchors = valueOf(await importTrustAnchors([both[1]]));
    const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
    expect((await openKeySet(given(cli.stored()), rules, cli.now())).ok).toBe(true);

    const early = await cli.ring(["anchors", "--retire"]);
    expect(early.code).toBe(EXIT.notConverged);
    expect(messagesOf(early)).toContain("not done root_still_needed");

    const { refusal } = jsonOf(await cli.ring(["anchors", "--retire", "--dry-run", "--json"])) as {
      refusal?: { notBefore?: number };
    };
    cli.pass(Math.ceil(given(refusal?.notBefore)) - cli.now());
    const safe = await cli.ring(["anchors"]);
    expect(pastedFrom(safe)).toEqual([both[1]]);
    expect(messagesOf(safe)).toContain("Deploy this line; once that is done: ring anchors --retire");
    expect(jsonOf(await cli.ring(["anchors", "--json"]))).toMatchObject({ mayRetire: true, trustAnchors: [both[1]] });
    const retired = await cli.ring(["anchors", "--retire"]);
    expect(retired.code).toBe(EXIT.ok);
    expect(pastedFrom(retired)).toEqual([both[1]]);
    expect((await cli.observe()).otherRoots.map(({ keyState }) => keyState)).toEqual(["Disabled"]);
    expect((await cli.ring(["reconcile"])).code).toBe(EXIT.ok);
  });

  test("--switch without a next root key is refused with exit code 4", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["anchors", "--switch"]);
    expect(run.code).toBe(EXIT.notConverged);
    expect(messagesOf(run)).toContain("not done root_next_missing");
  });

  test("--dry-run of a step creates nothing; of no step it is wrong usage, and so are two steps", async () => {
    const cli = await startRipeRing();
    const { CreateAlias } = cli.kms.emulator.requests;
    expect((await cli.ring(["anchors", "--prepare", "--dry-run"])).code).toBe(EXIT.ok);
    expect(cli.kms.emulator.requests.CreateAlias).toBe(CreateAlias);
    expect((await cli.ring(["anchors", "--dry-run"])).code).toBe(EXIT.usage);
    expect((await cli.ring(["anchors", "--prepare", "--switch"])).code).toBe(EXIT.usage);
  });

  test("a ring without a root key that can sign has nothing to pin: 4", async () => {
    const cli = await startCliRing();
    const run = await cli.ring(["anchors"]);
    expect(run).toMatchObject({ code: EXIT.notConverged, out: "TRUST_ANCHORS='[]'\n" });
  });
});

describe("ring bootstrap", () => {
  test("prints the document that lies in KV, to the letter", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["bootstrap"]);
    expect(run).toMatchObject({ code: EXIT.ok, out: `${given(cli.stored())}\n` });
    expect(run.err).toContain("expires in");
    const { rev, expiresAt } = await cli.document();
    const json = jsonOf(await cli.ring(["bootstrap", "--json"]));
    expect(json).toEqual({ ring: "main", document: cli.stored(), rev, expiresAt });
  });

  test("prints nothing that an edge would refuse", async () => {
    const cli = await startRipeRing();
    const text = given(cli.stored());
    const expired = async (): Promise<void> => cli.pass(cli.policy.documentLifetimeSeconds);
    for (const spoil of [() => cli.overwrite("something else"), () => cli.overwrite(text), expired]) {
      await spoil();
      const isGood = cli.stored() === text && spoil !== expired;
      const run = await cli.ring(["bootstrap"]);
      expect(run).toMatchObject(isGood ? { code: EXIT.ok } : { code: EXIT.notConverged, out: "" });
    }
  });

  test("KV that refuses the credentials is exit code 5", async () => {
    const cli = await startRipeRing();
    cli.cloudflare.script({ on: "read", times: 9, does: { kind: "answer", status: 403 } });
    expect(await cli.ring(["bootstrap"])).toMatchObject({ code: EXIT.unauthorized, out: "" });
  });
});

describe("ring jwks", () => {
  test("prints the keys as a plain JWK Set: neither states nor private members", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["jwks"]);
    expect(run.code).toBe(EXIT.ok);
    const { keys } = jsonOf(run);
    expect(keys).toHaveLength(2);
    expect(jsonOf(await cli.ring(["jwks", "--json"]))).toEqual({ ring: TEST_RING, keys });
    for (const key of Array.isArray(keys) ? keys : []) {
      expect(Object.keys(key as object).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
  });

  test("prints nothing where KV holds no key set that an edge would take", async () => {
    const cli = await startRipeRing();
    await cli.overwrite("something else");
    expect(await cli.ring(["jwks"])).toMatchObject({ code: EXIT.notConverged, out: "" });
  });
});

describe("ring key-set", () => {
  test("prints the document as KV holds it, for verifiers that pin the root keys", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["key-set"]);
    expect(run).toMatchObject({ code: EXIT.ok, out: `${given(cli.stored())}\n` });
    expect(jsonOf(await cli.ring(["key-set", "--json"]))).toMatchObject({ ring: TEST_RING, document: cli.stored() });
    await cli.overwrite("something else");
    expect(await cli.ring(["key-set"])).toMatchObject({ code: EXIT.notConverged, out: "" });
  });
});

describe("ring discovery", () => {
  const URI = "https://api.example.com/.well-known/jwks.json";

  test("prints the issuer's file with the algorithms of the keys, and says where it belongs", async () => {
    const cli = await startRipeRing();
    const run = await cli.ring(["discovery", "--jwks-uri", URI]);
    expect(run.code).toBe(EXIT.ok);
    const file: unknown = JSON.parse(run.out);
    expect(file).toMatchObject({
      issuer: TEST_ISSUER,
      jwks_uri: URI,
      id_token_signing_alg_values_supported: ["ES256"],
    });
    expect(messagesOf(run)).toContain(
      "/.well-known/openid-configuration and /.well-known/oauth-authorization-server of https://auth.example.com",
    );
    expect(jsonOf(await cli.ring(["discovery", "--jwks-uri", URI, "--json"]))).toMatchObject({ discovery: file });
  });

  test.each(["jwks.json", "http://api.example.com/jwks.json", "https://api.example.com/jwks?x"])(
    "--jwks-uri %s is wrong usage",
    async (uri) => {
      const cli = await startRipeRing();
      const run = await cli.ring(["discovery", "--jwks-uri", uri]);
      expect([run.code, run.err]).toEqual([EXIT.usage, expect.stringContaining("--jwks-uri must") as unknown]);
    },
  );
});
