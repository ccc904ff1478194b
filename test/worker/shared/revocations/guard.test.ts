/** createVerifier with lists, from the real KV and from a gateway: it fails closed where they are required, and says what it stands on. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { fromDocument, fromKv, fromUrl } from "../../../../shared/key-sets.ts";
import type { GatewayFetch } from "../../../../shared/keys/gateway-reader.ts";
import type { KeySets } from "../../../../shared/keys/key-set-reader.ts";
import { createVerifier } from "../../../../shared/verifier.ts";
import type { Verifier, VerifierOptions } from "../../../../shared/verifier.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../support/revocations.ts";

const NOW = seconds(1_800_000_000);

let root: TestRoot;
let key: TestKey;
let ring: string;
let count = 0;
let keySet: string;

beforeEach(async () => {
  count += 1;
  ring = `guard-${String(count)}`;
  [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  keySet = await signKeySet(makeDocument([key], NOW, { ring: ringName(ring), revocations: { leastRev: 1 } }), root);
  await env.KEY_SETS.put(`key-set:${ring}`, keySet);
});

function verifierOf(keySets: KeySets, changes: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    issuer: TEST_ISSUER,
    audiences: ["api"],
    anchors: [root.jwk],
    ring,
    keySets,
    clock: () => NOW * 1000,
    revocations: "required",
    ...changes,
  });
}

async function publish(...jtis: readonly string[]): Promise<string> {
  const entries = jtis.map((jti) => takenBack("jti", jti));
  const text = await signRevocations(entries, NOW, root, { ring: ringName(ring) });
  await env.KEY_SETS.put(`revocations:${ring}`, text);
  return text;
}

async function outcome(verifier: Verifier, jti: string): Promise<string> {
  const token = await signToken({ iss: TEST_ISSUER, aud: "api", iat: NOW, exp: NOW + 600, jti }, key);
  const answer = await verifier.verify(token);
  return answer.ok ? "good" : answer.error.code;
}

describe("with lists required", () => {
  test("a token that was taken back is refused, and without a list no token is judged", async () => {
    expect(await outcome(verifierOf(fromKv(env.KEY_SETS)), "one")).toBe("revocations_unavailable");
    await publish("one");
    const verifier = verifierOf(fromKv(env.KEY_SETS));
    expect([await outcome(verifier, "one"), await outcome(verifier, "two")]).toEqual(["token_revoked", "good"]);
    expect(await verifier.status()).toMatchObject([
      { ring, source: "memory", warnings: [], revocations: { source: "memory", rev: NOW, counts: { jti: 1 } } },
    ]);
  });

  test("a gateway is asked for both, each under its own path", async () => {
    const list = await publish("one");
    const asked: string[] = [];
    const gateway: GatewayFetch = async (url) => {
      asked.push(new URL(url).pathname);
      return new Response(url.includes("key-set") ? keySet : list, { headers: { age: "0" } });
    };
    const verifier = verifierOf(fromUrl("https://api.example.com", { fetch: gateway }));
    expect([await outcome(verifier, "one"), await outcome(verifier, "two")]).toEqual(["token_revoked", "good"]);
    expect(asked.toSorted()).toEqual([
      `/.well-known/sealgate/key-set/${ring}`,
      `/.well-known/sealgate/revocations/${ring}`,
    ]);
  });

  test("a gateway that does not hand its list on makes every token unjudged", async () => {
    const gateway: GatewayFetch = async (url) =>
      url.includes("key-set")
        ? new Response(keySet, { headers: { age: "0" } })
        : new Response(null, { status: 404, headers: {} });
    const verifier = verifierOf(fromUrl("https://api.example.com", { fetch: gateway }));
    expect(await outcome(verifier, "two")).toBe("revocations_unavailable");
  });

  test("a place without lists, and another value, are refused at once", () => {
    expect(() => verifierOf(fromDocument(keySet))).toThrow("revocations needs a place that has lists");
    const wrong = JSON.parse('{"revocations":true}') as Partial<VerifierOptions>;
    expect(() => verifierOf(fromKv(env.KEY_SETS), wrong)).toThrow('revocations must be "required"');
  });
});

test("without lists a verifier of a ring that publishes one says so", async () => {
  await publish("one");
  const verifier = createVerifier({
    issuer: TEST_ISSUER,
    audiences: ["api"],
    anchors: [root.jwk],
    ring,
    keySets: fromKv(env.KEY_SETS),
    clock: () => NOW * 1000,
  });
  expect(await outcome(verifier, "one")).toBe("good");
  expect(await verifier.status()).toMatchObject([{ warnings: [{ code: "revocations_not_checked" }] }]);
});
