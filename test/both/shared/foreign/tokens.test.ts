/** Tokens of other issuers: whose they are, what is accepted of each provider, and what an attacker may try. */
import { beforeAll, describe, expect, test } from "vitest";
import { createForeignKeySource } from "../../../../shared/foreign/key-source.ts";
import { foreignScope } from "../../../../shared/foreign/claims.ts";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import type { ForeignIssuer, ForeignIssuerEntry } from "../../../../shared/foreign/issuer.ts";
import { createForeignTokens } from "../../../../shared/foreign/tokens.ts";
import type { ForeignAnswer, OwnKeys } from "../../../../shared/foreign/tokens.ts";
import type { Kid } from "../../../../shared/identifiers.ts";
import { createForeignNetwork } from "../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../support/foreign-network.ts";
import { makeKey, makeRoot, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";
import { makeStandIns, standInNamed } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";

const NOW = 1_800_000_000;
const NOW_MS = NOW * 1000;

let standIns: readonly StandInIssuer[];
let ownKey: TestKey;
let withdrawn: TestKey;
let root: TestRoot;
beforeAll(async () => {
  [standIns, ownKey, withdrawn, root] = await Promise.all([
    makeStandIns(),
    makeKey("ES256"),
    makeKey("ES256"),
    makeRoot("ES256"),
  ]);
});

function issuerOf(entry: ForeignIssuerEntry): ForeignIssuer {
  const parsed = parseForeignIssuer(entry);
  if (!parsed.ok) throw new TypeError(parsed.error.join("; "));
  return parsed.value;
}

interface Scene {
  readonly network: ForeignNetwork;
  /** Behind the answers so far. */
  readonly settle: () => Promise<void>;
  readonly verify: (token: string, nowMs?: number, mayRefresh?: boolean) => Promise<ForeignAnswer | "own">;
}

/** A verifier of all stand-ins, beside own keys of which one is withdrawn. */
function makeScene(entries: readonly ForeignIssuerEntry[] = standIns.map(({ entry }) => entry)): Scene {
  const network = createForeignNetwork();
  for (const { entry, jwkSet } of standIns) network.serve(entry.jwks_uri, jwkSet);
  const realms = entries.map((entry) => {
    const issuer = issuerOf(entry);
    return {
      issuer,
      source: createForeignKeySource({ issuer, fetch: network.fetch, random: () => 0, report: () => undefined }),
    };
  });
  const tokens = createForeignTokens(realms, { issuer: TEST_ISSUER, anchors: [root.kid] });
  const own: OwnKeys = { ownerOf: (kid: Kid) => (kid === ownKey.kid || kid === withdrawn.kid ? {} : undefined) };
  const behind: Promise<unknown>[] = [];
  return {
    network,
    settle: async () => {
      await Promise.all(behind);
    },
    verify: async (token, nowMs = NOW_MS, mayRefresh = true) =>
      (await tokens.verify(token, own, nowMs, (work) => void behind.push(work), mayRefresh)) ?? "own",
  };
}

const codeOf = (answer: ForeignAnswer | "own"): string =>
  answer === "own" ? "own" : answer.ok ? "ok" : answer.error.code;

const NAMES = [
  "Auth0",
  "Cognito",
  "Entra ID, v2.0 tokens",
  "Entra ID, v1.0 tokens",
  "Okta",
  "Google service account",
  "Firebase",
  "Keycloak",
  "GitHub Actions",
  "Cloudflare Access",
];

describe.each(NAMES)("%s", (name) => {
  test("its access token is accepted, with the scopes that it grants", async () => {
    const standIn = standInNamed(standIns, name);
    const { verify } = makeScene();
    const answer = await verify(await standIn.access(NOW));
    if (answer === "own" || !answer.ok) throw new TypeError(codeOf(answer));
    expect(answer.value.claims.iss).toBe(standIn.entry.issuer);
    const scope = foreignScope(answer.value.claims, issuerOf(standIn.entry)) ?? [];
    expect(typeof scope === "string" ? scope.split(" ") : scope).toEqual(standIn.scopes);
  });

  test("its ID token, or what it has instead, is refused", async () => {
    const standIn = standInNamed(standIns, name);
    expect(codeOf(await makeScene().verify(await standIn.refused(NOW)))).toBe(standIn.refusal);
  });

  test("a token that claims to be its own and is signed by another issuer's key is refused", async () => {
    const standIn = standInNamed(standIns, name);
    const forger = await makeKey("ES256");
    const token = await signToken({ iss: standIn.entry.issuer, aud: "x", exp: NOW + 60 }, forger);
    expect(["kid_unknown", "alg_not_allowed", "typ_not_allowed"]).toContain(codeOf(await makeScene().verify(token)));
  });
});

test("the list of names above is complete", () => {
  expect(standIns.map(({ name }) => name)).toEqual(NAMES);
});

describe("whose a token is", () => {
  test("a kid of ours is ours, whatever iss says: withdrawn ones are never looked for elsewhere", async () => {
    const { verify, network } = makeScene();
    const [okta] = [standInNamed(standIns, "Okta")];
    for (const key of [ownKey, withdrawn]) {
      network.serve(okta.entry.jwks_uri, { keys: [{ ...key.jwk, use: "sig" }] });
      const claims = { iss: okta.entry.issuer, aud: "api://default", exp: NOW + 60 };
      expect(codeOf(await verify(await signToken(claims, key)))).toBe("own");
    }
    expect(network.asked).toEqual([]);
  });

  test("an own iss is ours, with any kid, and reads no foreign key", async () => {
    const { verify, network } = makeScene();
    const stranger = await makeKey("ES256");
    expect(codeOf(await verify(await signToken({ iss: TEST_ISSUER, exp: NOW + 60 }, stranger)))).toBe("own");
    expect(network.asked).toEqual([]);
  });

  test.each([
    ["an unknown issuer", { iss: "https://evil.example" }, "issuer_unknown"],
    ["the same issuer without its slash", { iss: "https://acme.eu.auth0.com" }, "issuer_unknown"],
    ["a prefix of an issuer", { iss: "https://acme.okta.com/oauth2/defaul" }, "issuer_unknown"],
    ["no issuer at all", {}, "own"],
    ["several issuers", { iss: ["https://acme.okta.com/oauth2/default"] }, "own"],
  ])("%s is refused without a read", async (_name, claims, code) => {
    const { verify, network } = makeScene();
    const stranger = await makeKey("ES256");
    expect(codeOf(await verify(await signToken({ exp: NOW + 60, ...claims }, stranger)))).toBe(code);
    expect(network.asked).toEqual([]);
  });

  test("a payload that two parsers could read differently is refused before a key is looked for", async () => {
    const { verify, network } = makeScene();
    const [header = ""] = (await standInNamed(standIns, "Okta").access(NOW)).split(".");
    const payload = btoa('{"iss":"https://evil.example","iss":"https://acme.okta.com/oauth2/default"}');
    expect(codeOf(await verify(`${header}.${payload.replaceAll("=", "")}.AAAA`))).toBe("claims_invalid");
    expect(network.asked).toEqual([]);
  });
});

describe("keys of two issuers never mix", () => {
  test("one issuer's key is no key for a token that names the other", async () => {
    const { verify } = makeScene();
    // Both stand-ins have the same key, under different kids.
    const okta = standInNamed(standIns, "Okta");
    const google = standInNamed(standIns, "Google service account");
    const { iss } = { iss: okta.entry.issuer };
    expect(codeOf(await verify(await google.access(NOW, { iss, aud: "api://default" })))).toBe("kid_unknown");
  });

  test("a key that says whose it is fits that issuer only: Entra's key of personal accounts is no tenant's", async () => {
    const entra = standInNamed(standIns, "Entra ID, v2.0 tokens");
    const { verify, network } = makeScene();
    network.serve(entra.entry.jwks_uri, {
      keys: [
        { ...firstKeyOf(entra), issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0" },
      ],
    });
    expect(codeOf(await verify(await entra.access(NOW)))).toBe("kid_unknown");
  });

  test.each(["own key", "withdrawn own key", "trust anchor"])(
    "a foreign issuer that lists our %s gains nothing",
    async (which) => {
      const key = which === "own key" ? ownKey : which === "trust anchor" ? root : withdrawn;
      const keycloak = standInNamed(standIns, "Keycloak");
      const { verify, network } = makeScene();
      network.serve(keycloak.entry.jwks_uri, { keys: [{ ...key.jwk, kid: "innocent", use: "sig" }] });
      const claims = { iss: keycloak.entry.issuer, aud: "orders-api", typ: "Bearer", exp: NOW + 60 };
      expect(codeOf(await verify(await signToken(claims, key, { kid: "innocent" })))).toBe("key_not_foreign");
    },
  );
});

function firstKeyOf({ jwkSet }: StandInIssuer): object {
  return "keys" in jwkSet && Array.isArray(jwkSet.keys) ? jwkSet.keys[0] : {};
}

describe("what is asked of a token", () => {
  test.each([
    ["expired", { exp: NOW - 61 }, "token_expired"],
    ["without exp", { exp: undefined }, "claim_missing"],
    ["too long", { exp: NOW + 86_461 }, "token_lifetime_too_long"],
    ["not yet valid", { nbf: NOW + 61 }, "token_not_yet_valid"],
    ["for another audience", { aud: "https://other.example" }, "audience_mismatch"],
    ["with a subject that is no text", { sub: 7 }, "claim_invalid"],
    ["within the leeway", { exp: NOW - 59 }, "ok"],
  ])("one that is %s", async (_name, changes, code) => {
    expect(codeOf(await makeScene().verify(await standInNamed(standIns, "Auth0").access(NOW, changes)))).toBe(code);
  });

  test.each([
    ["PS256 with a key that names no alg", "Entra ID, v2.0 tokens", { alg: "PS256" }, "alg_not_allowed"],
    ["a typ that is not the entry's", "Cognito", { typ: "JWT" }, "typ_not_allowed"],
    ["another profile's typ", "Okta", { typ: "dpop+jwt" }, "typ_not_allowed"],
    ["RFC 9068's typ", "Okta", { typ: "application/at+JWT" }, "ok"],
    ["crit", "Okta", { crit: ["exp"], exp: 1 }, "own"],
  ])("its header: %s", async (_name, provider, header, code) => {
    const standIn = standInNamed(standIns, provider);
    const token =
      "alg" in header || "crit" in header ? await resign(standIn, header) : await standIn.access(NOW, {}, header);
    expect(codeOf(await makeScene().verify(token))).toBe(code);
  });

  test("no kid: the one key that fits, and no guess among several", async () => {
    const firebase = standInNamed(standIns, "Firebase");
    expect(codeOf(await makeScene().verify(await firebase.access(NOW, {}, { kid: undefined })))).toBe("ok");
    const okta = standInNamed(standIns, "Okta");
    expect(codeOf(await makeScene().verify(await okta.access(NOW, {}, { kid: undefined })))).toBe("key_ambiguous");
  });

  test("a client that is named twice is the same client", async () => {
    const cognito = standInNamed(standIns, "Cognito");
    const { verify } = makeScene();
    expect(codeOf(await verify(await cognito.access(NOW, { azp: "evil" })))).toBe("client_not_allowed");
    expect(codeOf(await verify(await cognito.access(NOW, { client_id: undefined })))).toBe("client_not_allowed");
    expect(codeOf(await verify(await cognito.access(NOW, { aud: 7 })))).toBe("claim_invalid");
  });

  test("an access token without aud has an empty one, so that no audience is ever found in it", async () => {
    const answer = await makeScene().verify(await standInNamed(standIns, "Cognito").access(NOW));
    expect(answer).toMatchObject({ ok: true, value: { claims: { aud: [] } } });
  });
});

/** The same claims under another header; the signature is not reached. */
async function resign(standIn: StandInIssuer, header: object): Promise<string> {
  const [head = "", payload, signature] = (await standIn.access(NOW)).split(".");
  const members: object = JSON.parse(atob(head.replaceAll("-", "+").replaceAll("_", "/"))) as object;
  const encoded = btoa(JSON.stringify({ ...members, ...header }))
    .replaceAll("=", "")
    .replaceAll("+", "-")
    .replaceAll("/", "_");
  return `${encoded}.${payload}.${signature}`;
}

describe("a token that was seen before", () => {
  test("is answered without a promise, and reads nothing", async () => {
    const { verify, network } = makeScene();
    const token = await standInNamed(standIns, "Okta").access(NOW);
    expect(codeOf(await verify(token))).toBe("ok");
    expect(codeOf(await verify(token, NOW_MS + 1000))).toBe("ok");
    expect(network.asked).toHaveLength(1);
  });

  test("is refused once its time is over", async () => {
    const { verify } = makeScene();
    const token = await standInNamed(standIns, "Okta").access(NOW);
    await verify(token);
    expect(codeOf(await verify(token, NOW_MS + 3_661_000))).toBe("token_expired");
  });

  test("is refused once its key is withdrawn", async () => {
    const { verify, network, settle } = makeScene();
    const okta = standInNamed(standIns, "Okta");
    const token = await okta.access(NOW);
    await verify(token);
    network.serve(okta.entry.jwks_uri, { keys: [] });
    expect(codeOf(await verify(token, NOW_MS + 301_000))).toBe("ok");
    await settle();
    expect(codeOf(await verify(token, NOW_MS + 302_000))).toBe("kid_unknown");
  });

  test("stays good when its key stays and others come", async () => {
    const { verify, network, settle } = makeScene();
    const okta = standInNamed(standIns, "Okta");
    const token = await okta.access(NOW);
    await verify(token);
    network.serve(okta.entry.jwks_uri, {
      keys: [...(okta.jwkSet as { keys: object[] }).keys, { ...ownKey.jwk, alg: "ES256" }],
    });
    await verify(token, NOW_MS + 301_000);
    await settle();
    expect(codeOf(await verify(token, NOW_MS + 302_000))).toBe("ok");
  });
});
