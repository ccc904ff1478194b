/** The assertion to the origin: what the gateway signs, an origin accepts once, for this request, now, and nothing else. */
import { beforeAll, describe, expect, test } from "vitest";
import { createAssertionSigner } from "../../../edge-verifier/features/assertion.ts";
import {
  ASSERTION_HEADER,
  ASSERTION_LIFETIME_SECONDS,
  createAssertionKey,
  createAssertionVerifier,
  createReplayMemory,
} from "../../../shared/origin.ts";
import type { AssertedRequest, AssertionKeyPair, AssertionRules } from "../../../shared/origin.ts";
import { encodeBase64url } from "../../../shared/base64url.ts";
import { makeKey, seconds, signCompactJws } from "../../support/key-sets.ts";
import { errorOf, given, jsonObject, valueOf } from "../../support/values.ts";

const ORIGIN = "https://origin.example.com";
const NOW = 1_800_000_000;
const SKEW = 5;

let key: AssertionKeyPair;
let next: AssertionKeyPair;
beforeAll(async () => {
  [key, next] = await Promise.all([createAssertionKey(), createAssertionKey()]);
});

/** A request that the gateway has signed with a key, as the origin gets it. */
async function signedWith(
  pair: AssertionKeyPair,
  init: RequestInit = {},
  path = "/api/x?a=1",
): Promise<AssertedRequest> {
  const signer = valueOf(await createAssertionSigner(JSON.stringify(pair.privateJwk), () => NOW * 1000));
  const request = new Request(`${ORIGIN}${path}`, init);
  await signer.attach(request, ORIGIN, [["x-sealgate-subject", "user-1"]]);
  return { method: request.method, target: path, assertion: request.headers.get(ASSERTION_HEADER) };
}

function verifierFor(changes: Partial<AssertionRules> = {}): ReturnType<typeof createAssertionVerifier> {
  const rules = {
    keys: [key.publicJwk],
    audience: ORIGIN,
    clockSkewSeconds: SKEW,
    replay: "accept_until_expiry",
  } as const;
  return createAssertionVerifier({ ...rules, ...changes });
}

async function verdict(request: AssertedRequest, changes: Partial<AssertionRules> = {}, now = NOW): Promise<string> {
  const result = await (await verifierFor(changes)).verify(request, seconds(now));
  return result.ok ? "accepted" : result.error.code;
}

describe("an origin", () => {
  test("accepts what the gateway has signed, and learns who calls", async () => {
    const result = await (await verifierFor()).verify(await signedWith(key), seconds(NOW));
    expect(valueOf(result)).toMatchObject({
      aud: ORIGIN,
      iat: NOW,
      exp: NOW + ASSERTION_LIFETIME_SECONDS,
      htm: "GET",
      headers: { "x-sealgate-subject": "user-1" },
    });
  });

  test("refuses a request without one", async () => {
    for (const assertion of [undefined, null, ""]) {
      expect(await verdict({ ...(await signedWith(key)), assertion })).toBe("assertion_missing");
    }
  });

  test("refuses two", async () => {
    const request = await signedWith(key);
    const assertion = given(request.assertion ?? undefined);
    expect(await verdict({ ...request, assertion: [String(assertion), String(assertion)] })).toBe(
      "assertion_malformed",
    );
    expect(await verdict({ ...request, assertion: `${String(assertion)}, ${String(assertion)}` })).toBe(
      "assertion_malformed",
    );
  });

  test("refuses what is no assertion at all", async () => {
    const request = await signedWith(key);
    for (const assertion of ["", "e30.e30.AA", "x", [String(request.assertion)]]) {
      const code = assertion === "" ? "assertion_missing" : "assertion_malformed";
      expect(await verdict({ ...request, assertion })).toBe(code);
    }
  });

  test("refuses another method", async () => {
    expect(await verdict({ ...(await signedWith(key, { method: "POST" })), method: "DELETE" })).toBe(
      "assertion_wrong_method",
    );
    expect(await verdict({ ...(await signedWith(key)), method: undefined })).toBe("assertion_wrong_method");
  });

  test.each(["/api/admin?a=1", "/api/x?a=2", "/api/x", "/api/x?a=1&b=2", "/api/x?a=1#", "", undefined])(
    "refuses another path or query: %s",
    async (target) => {
      expect(await verdict({ ...(await signedWith(key)), target })).toBe("assertion_wrong_target");
    },
  );

  test("refuses what was made for another origin", async () => {
    expect(await verdict(await signedWith(key), { audience: "https://other.example.com" })).toBe(
      "assertion_wrong_audience",
    );
  });

  test("accepts for 30 seconds and the clock skew, and not a second longer", async () => {
    const request = await signedWith(key);
    const end = NOW + ASSERTION_LIFETIME_SECONDS + SKEW;
    expect(await verdict(request, {}, end - 1)).toBe("accepted");
    expect(await verdict(request, {}, end)).toBe("assertion_expired");
    expect(await verdict(request, {}, NOW - SKEW)).toBe("accepted");
    expect(await verdict(request, {}, NOW - SKEW - 1)).toBe("assertion_not_yet_valid");
  });
});

describe("keys", () => {
  test("one that the origin was not given is refused", async () => {
    expect(await verdict(await signedWith(next))).toBe("assertion_key_unknown");
  });

  test("during a change the origin accepts both, before and after it one", async () => {
    const [byOld, byNew] = [await signedWith(key), await signedWith(next)];
    const both = { keys: [key.publicJwk, next.publicJwk] };
    expect(await verdict(byOld, both)).toBe("accepted");
    expect(await verdict(byNew, both)).toBe("accepted");
    expect(await verdict(byOld, { keys: [next.publicJwk] })).toBe("assertion_key_unknown");
  });

  test("another key under the kid of the gateway's is refused", async () => {
    const request = await signedWith(next);
    const [, payload, signature] = String(request.assertion).split(".");
    const header = { alg: "EdDSA", kid: key.publicJwk.kid, typ: "sealgate-assertion+jwt" };
    const assertion = `${encodeBase64url(new TextEncoder().encode(JSON.stringify(header)))}.${payload}.${signature}`;
    expect(await verdict({ ...request, assertion })).toBe("assertion_signature_invalid");
  });

  test("rules that check nothing are refused at construction", async () => {
    await expect(verifierFor({ keys: [] })).rejects.toThrow(TypeError);
    await expect(verifierFor({ keys: [1, 2, 3, 4] })).rejects.toThrow(TypeError);
    await expect(verifierFor({ keys: [key.privateJwk] })).rejects.toThrow(TypeError);
    await expect(verifierFor({ keys: [(await makeKey("ES256")).jwk] })).rejects.toThrow(TypeError);
    await expect(verifierFor({ audience: "" })).rejects.toThrow(TypeError);
    await expect(verifierFor({ clockSkewSeconds: Number.NaN })).rejects.toThrow(TypeError);
    await expect(verifierFor({ clockSkewSeconds: -1 })).rejects.toThrow(TypeError);
    const publicKey = key.publicJwk;
    await expect(verifierFor({ keys: [publicKey, publicKey, publicKey] })).resolves.toBeDefined();
    await expect(verifierFor({ keys: [publicKey, publicKey, publicKey, publicKey] })).rejects.toThrow("1 to 3");
  });
});

describe("what is signed with the right key and is no assertion of the gateway", () => {
  const CLAIMS = { aud: ORIGIN, iat: NOW, exp: NOW + 30, jti: "j", htm: "GET", target_sha256: "x", headers: {} };

  async function verdictOf(
    header: Readonly<Record<string, string>>,
    changes: object,
    request: Partial<AssertedRequest> = {},
  ): Promise<string> {
    const signing = await makeKey("EdDSA");
    const good = await signedWith(key);
    const { target_sha256 } = jsonObject(
      atob(given(String(good.assertion).split(".")[1]).replaceAll("-", "+").replaceAll("_", "/")),
    );
    const payload = { ...CLAIMS, target_sha256, ...changes };
    const assertion = await signCompactJws({ alg: "EdDSA", kid: signing.kid, ...header }, payload, signing);
    return verdict({ ...good, ...request, assertion }, { keys: [signing.jwk] });
  }
  const TYP = { typ: "sealgate-assertion+jwt" };

  test("would be accepted if it were one", async () => {
    expect(await verdictOf(TYP, {})).toBe("accepted");
  });

  test.each([
    ["a token", { typ: "JWT" }, {}],
    ["no type", {}, {}],
    ["no identifier", TYP, { jti: "" }],
    ["no hash", TYP, { target_sha256: "AAAA" }],
    ["no headers", TYP, { headers: ["x"] }],
    ["a header that is no text", TYP, { headers: { a: 1 } }],
    ["no end", TYP, { exp: "never" }],
    ["no beginning", TYP, { iat: "always" }],
    ["several audiences", TYP, { aud: [ORIGIN] }],
    ["an identifier that is no text", TYP, { jti: 1 }],
    ["a method that is no text", TYP, { htm: 1 }],
    ["a hash that is no text", TYP, { target_sha256: 1 }],
    ["another algorithm", { ...TYP, alg: "ES256" }, {}],
  ])("%s", async (_, header, changes) => {
    expect(await verdictOf(header, changes)).toBe("assertion_malformed");
  });

  test("the hash of nothing, for a request without a target", async () => {
    const empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    expect(await verdictOf(TYP, { target_sha256: empty }, { target: undefined })).toBe("assertion_wrong_target");
    expect(await verdictOf(TYP, { target_sha256: empty }, { target: "" })).toBe("accepted");
  });

  test("a longer life than the gateway ever gives", async () => {
    expect(await verdictOf(TYP, { exp: NOW + 31 })).toBe("assertion_not_yet_valid");
  });

  test("a longer text than the gateway ever writes", async () => {
    expect(await verdictOf(TYP, { headers: { a: "x".repeat(16_384) } })).toBe("assertion_malformed");
  });
});

describe("a replay", () => {
  test("is refused by a memory, within the whole window", async () => {
    const verifier = await verifierFor({ replay: createReplayMemory(10) });
    const request = await signedWith(key);
    expect(valueOf(await verifier.verify(request, seconds(NOW))).htm).toBe("GET");
    const lastSecond = seconds(NOW + ASSERTION_LIFETIME_SECONDS + SKEW - 1);
    expect(errorOf(await verifier.verify(request, seconds(NOW))).code).toBe("assertion_replayed");
    expect(errorOf(await verifier.verify(request, lastSecond)).code).toBe("assertion_replayed");
  });

  test("two uses at once are one use", async () => {
    const verifier = await verifierFor({ replay: createReplayMemory(10) });
    const request = await signedWith(key);
    const results = await Promise.all([verifier.verify(request, seconds(NOW)), verifier.verify(request, seconds(NOW))]);
    expect(results.filter((one) => one.ok)).toHaveLength(1);
  });

  test("of what is refused for another reason uses nothing up", async () => {
    const verifier = await verifierFor({ replay: createReplayMemory(10) });
    const request = await signedWith(key);
    expect(errorOf(await verifier.verify({ ...request, method: "PUT" }, seconds(NOW))).code).toBe(
      "assertion_wrong_method",
    );
    expect((await verifier.verify(request, seconds(NOW))).ok).toBe(true);
  });
});

test("every assertion has an identifier of its own", async () => {
  const assertions = await Promise.all([signedWith(key), signedWith(key)]);
  expect(new Set(assertions.map(({ assertion }) => assertion)).size).toBe(2);
});
