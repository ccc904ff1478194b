/** A ring with one key and a gateway in front of it: a server hands out its signed key set, as verifiers of a service read it. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { JsonObject } from "../../shared/json.ts";
import { startKeySetServer } from "./key-set-server.ts";
import type { KeySetServer } from "./key-set-server.ts";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken, TEST_ISSUER } from "./key-sets.ts";
import type { TestKey, TestRoot } from "./key-sets.ts";

export interface ServedRing {
  readonly gateway: KeySetServer;
  readonly root: TestRoot;
  readonly key: TestKey;
  /** What a service finds its gateway and the root keys by. */
  readonly env: { readonly SEALGATE_GATEWAY: string; readonly TRUST_ANCHORS: string };
  /** Lives for five minutes. @param signer forges when it is not the ring's key */
  readonly token: (changes?: JsonObject, signer?: TestKey) => Promise<string>;
}

/** @param now when the tests are: the key set is a little older */
export async function serveRing(now: EpochSeconds): Promise<ServedRing> {
  const [gateway, root, key] = await Promise.all([startKeySetServer(), makeRoot(), makeKey("ES256")]);
  gateway.serve(await signKeySet(makeDocument([key], seconds(now - 10)), root));
  return {
    gateway,
    root,
    key,
    env: { SEALGATE_GATEWAY: gateway.url, TRUST_ANCHORS: JSON.stringify([root.jwk]) },
    token(changes = {}, signer = key) {
      const claims = { iss: TEST_ISSUER, aud: "https://api.example.com", jti: "one", iat: now, exp: now + 300 };
      return signToken({ ...claims, ...changes }, signer, { kid: key.kid });
    },
  };
}
