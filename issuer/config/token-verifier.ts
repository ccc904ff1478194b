/**
 * By which public keys a service verifies tokens that are shown to it to be taken back: those that a gateway serves, as every other
 * verifier has them. No right on any key of KMS is needed.
 */
import { createVerifier, fromUrl } from "../../shared/index.ts";
import type { KeySets, Verifier } from "../../shared/index.ts";
import { isJsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { NO_AUDIENCE } from "../revocations/prove-token.ts";
import { createEnvironmentReader, required } from "./environment.ts";
import type { Environment, NameOf } from "./environment.ts";
import type { RevokingConfig } from "./revoking.ts";

/**
 * Reads `SEALGATE_GATEWAY` (scheme and host of a gateway) and `TRUST_ANCHORS` (the pinned root keys, as the Worker has them). Asks
 * the gateway when the first token is verified, and then as often as the key set's timing says.
 * @param options `clock`: epoch milliseconds, by default this host's; `nameOf`: what messages call a variable
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong
 */
export async function readTokenVerifier(
  env: Environment,
  { issuer, rings }: Pick<RevokingConfig, "issuer" | "rings">,
  { clock = Date.now, nameOf }: { readonly clock?: () => number; readonly nameOf?: NameOf } = {},
): Promise<Verifier> {
  const reader = createEnvironmentReader(env, nameOf);
  const keySets = reader.read("SEALGATE_GATEWAY", required(parseGateway, `is missing: ${WHAT_FOR}`));
  const parse = (text: string): Result<Anchors, string> => {
    const parsed = parseAnchors(text, rings);
    return parsed === undefined
      ? err("must be what `sealgate ring anchors` prints, or such arrays by ring")
      : ok(parsed);
  };
  const anchors = reader.read("TRUST_ANCHORS", required(parse, `is missing: ${WHAT_FOR}`));
  if (keySets === undefined || anchors === undefined) throw reader.failure();
  try {
    const verifier = createVerifier({ issuer, ring: rings, audiences: [NO_AUDIENCE], anchors, keySets, clock });
    // A root key that is none is found now, and not by the first token.
    await verifier.status();
    return verifier;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    reader.note("TRUST_ANCHORS", `cannot be used (${error.message})`);
    throw reader.failure();
  }
}

const WHAT_FOR =
  "tokens that are to be taken back are verified by the key set of a gateway and the root keys that it pins";

function parseGateway(text: string): Result<KeySets, string> {
  try {
    return ok(fromUrl(text));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return err(error.message.replace("fromUrl: the gateway ", ""));
  }
}

/** Root keys of one ring, or of several by their names: both as a Worker's `TRUST_ANCHORS` has them. */
export type Anchors = readonly object[] | Readonly<Record<string, readonly object[]>>;

/**
 * @param rings of several rings, those that are meant; undefined for all of them
 * @returns undefined for text that is neither an array of objects nor an object of such arrays. What keys have to be is the
 *   verifier's to say
 */
export function parseAnchors(text: string, rings: readonly string[] | undefined): Anchors | undefined {
  const anchors = parseJson(text);
  if (isObjects(anchors)) return anchors;
  const byRing: Record<string, readonly object[]> = {};
  for (const [ring, keys] of Object.entries(isJsonObject(anchors) ? anchors : {})) {
    if (isObjects(keys) && (rings === undefined || rings.includes(ring))) byRing[ring] = keys;
  }
  return Object.keys(byRing).length > 0 ? byRing : undefined;
}

function isObjects(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
