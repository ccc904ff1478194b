/**
 * What one writes first: for every token, read the key set from KV, import the key, verify. Careful about the checks, not
 * about the cost. Locally the KV service runs in the same process and is counted; deployed it is a read over the network.
 */
import { algorithmOf, findAlgorithm } from "../../shared/algorithms.ts";
import type { KvReader } from "./serve.ts";
import type { Settings } from "./settings.ts";

const KV_KEY = "jwks";

export async function verifyNaively(token: string, settings: Settings, kv: KvReader): Promise<boolean> {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const { alg, kid } = readJson(header);
  const algorithm = findAlgorithm(alg);
  const { keys } = JSON.parse((await kv.get(KV_KEY, { type: "text", cacheTtl: 60 })) ?? "{}");
  const jwk = keys.find((key: { readonly kid: string; readonly alg: string }) => key.kid === kid && key.alg === alg);
  if (algorithm === undefined || jwk === undefined) return false;
  const { params } = algorithmOf(algorithm.alg);
  const key = await crypto.subtle.importKey("jwk", jwk, params, false, ["verify"]);
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  if (!(await crypto.subtle.verify(params, key, decode(signature), signed))) return false;
  const claims = readJson(payload);
  const { iss, aud, exp } = claims;
  return iss === settings.issuer && aud === settings.audience && typeof exp === "number" && exp > Date.now() / 1000;
}

function readJson(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(decode(part)));
}

function decode(part: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
