/** Foreign tokens beside own ones: which is asked first, and what each costs the other. */
import { beforeAll, expect, test } from "vitest";
import { besideOwn } from "../../../../shared/foreign/beside-own.ts";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../../../../shared/foreign/key-source.ts";
import { createForeignTokens } from "../../../../shared/foreign/tokens.ts";
import type { ForeignProblem } from "../../../../shared/foreign/tokens.ts";
import { createKeyRings } from "../../../../shared/keys/key-rings.ts";
import { createTokenVerifiers } from "../../../../shared/keys/token-verifier.ts";
import type { TokenAnswer, TokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import { algorithmOf } from "../../../../shared/algorithms.ts";
import { parseAudience } from "../../../../shared/identifiers.ts";
import { ISSUED_AT, ISSUED_AT_MS, makeLadder, makeRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { createForeignNetwork } from "../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../support/foreign-network.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import type { BackgroundWork, ScriptedReader } from "../../../support/key-set-readers.ts";
import { makeKey, signToken, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";

const ISS = "https://login.acme.example";
const CLAIMS = { aud: "api", iat: ISSUED_AT, exp: ISSUED_AT + 3000 };

let ring: TestRing;
let key: TestKey;
beforeAll(async () => {
  [ring, key] = await Promise.all([makeRing(), makeKey("ES256")]);
});

interface Scene {
  readonly network: ForeignNetwork;
  readonly reader: ScriptedReader;
  readonly work: BackgroundWork;
  readonly verify: (
    token: string,
    afterSeconds?: number,
  ) => TokenAnswer<ForeignProblem> | Promise<TokenAnswer<ForeignProblem>>;
}

async function makeScene(document?: string): Promise<Scene> {
  const network = createForeignNetwork();
  network.serve(`${ISS}/jwks`, { keys: [key.jwk] });
  const issuer = parseForeignIssuer({ issuer: ISS, jwks_uri: `${ISS}/jwks`, algs: ["ES256"], audiences: ["api"] });
  if (!issuer.ok) throw new TypeError(issuer.error.join("; "));
  const source = createForeignKeySource({
    issuer: issuer.value,
    fetch: network.fetch,
    random: () => 0,
    report: () => undefined,
  });
  const anchors = ring.root.anchors.map(({ kid }) => kid);
  const others = besideOwn(createForeignTokens([{ issuer: issuer.value, source }], { issuer: TEST_ISSUER, anchors }));
  const reader = createScriptedReader(document ?? (await ring.publish()));
  const rings = createKeyRings([{ name: TEST_RING, ladder: makeLadder(ring, reader) }]);
  const work = collectBackgroundWork();
  const policy = {
    issuer: TEST_ISSUER,
    audiences: ["api"].map(parseAudience).filter((one) => one !== undefined),
    algs: new Set([algorithmOf("ES256").alg]),
    typs: new Set(["jwt" as const]),
    maxTokenBytes: 16_384,
  };
  const verifier: TokenVerifier<ForeignProblem> = createTokenVerifiers({
    rings,
    memoryLimits: { maxEntries: 100, maxCharacters: 100_000 },
  }).under(policy, others);
  return {
    network,
    reader,
    work,
    verify: (token, afterSeconds = 0) => verifier.verify(token, ISSUED_AT_MS + afterSeconds * 1000, work.waitUntil),
  };
}

async function codeOf(answer: TokenAnswer<ForeignProblem> | Promise<TokenAnswer<ForeignProblem>>): Promise<string> {
  const settled = await answer;
  return settled.ok ? "ok" : settled.error.code;
}

test("both are accepted, cold and warm, and remembered ones without a promise", async () => {
  const { verify, network } = await makeScene();
  const foreign = await signToken({ ...CLAIMS, iss: ISS }, key);
  const own = await signToken({ ...CLAIMS, iss: TEST_ISSUER }, ring.key);
  expect(await codeOf(verify(foreign))).toBe("ok");
  expect(await codeOf(verify(own))).toBe("ok");
  for (const token of [foreign, own]) expect(verify(token, 1)).toMatchObject({ ok: true });
  expect(network.asked).toHaveLength(1);
});

test("a foreign token burns no read for an unknown kid of ours", async () => {
  const { verify, reader } = await makeScene();
  await verify(await signToken({ ...CLAIMS, iss: ISS }, key));
  await verify(await signToken({ ...CLAIMS, iss: "https://evil.example" }, await makeKey("ES256")));
  expect(reader.reads.length).toBe(1);
  expect(await codeOf(verify(await signToken({ ...CLAIMS, iss: TEST_ISSUER }, ring.newKey)))).toBe("kid_unknown");
  expect(reader.reads.length).toBe(2);
});

test("a new key of ours is found by its own read, and asks no other issuer", async () => {
  const { verify, reader, network } = await makeScene();
  await verify(await signToken({ ...CLAIMS, iss: TEST_ISSUER }, ring.key));
  reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
  expect(await codeOf(verify(await signToken({ ...CLAIMS, iss: TEST_ISSUER }, ring.newKey)))).toBe("ok");
  expect(network.asked).toEqual([]);
});

test("no own key set at all: 503, and no foreign issuer is asked", async () => {
  const { verify, network } = await makeScene("no document");
  expect(await codeOf(verify(await signToken({ ...CLAIMS, iss: ISS }, key)))).toBe("keys_unavailable");
  expect(network.asked).toEqual([]);
});

test("a request that refreshes own keys behind its answer reads no foreign ones; the next one does", async () => {
  const { verify, reader, network, work } = await makeScene();
  const foreign = await signToken({ ...CLAIMS, iss: ISS }, key);
  await verify(foreign);
  // Own keys are due every few seconds, foreign ones after 300.
  for (let afterSeconds = 20; afterSeconds < 301; afterSeconds += 20) {
    expect(await codeOf(verify(foreign, afterSeconds))).toBe("ok");
    await work.settle();
  }
  const [own, others] = [reader.reads.length, network.asked.length];
  expect(await codeOf(verify(foreign, 320))).toBe("ok");
  expect([reader.reads.length - own, network.asked.length - others]).toEqual([1, 0]);
  await work.settle();
  expect(await codeOf(verify(foreign, 321))).toBe("ok");
  expect([reader.reads.length - own, network.asked.length - others]).toEqual([1, 1]);
});
