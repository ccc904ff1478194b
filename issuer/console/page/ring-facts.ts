/** What the console gives the page about its ring: public documents, and the gateway's policy. No I/O. */
import { parseIssuerUrl, parseRingName } from "../../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import { isJsonObject } from "../../../shared/json.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";

export interface RingFacts {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  /** The signed key set. */
  readonly keySet: string;
  /** The signed list of taken-back tokens; undefined where the ring publishes none. */
  readonly revocations: string | undefined;
  /** The root keys, as JWKs. */
  readonly anchors: readonly unknown[];
  /** The gateway's policy, unchecked; undefined when the console was not given one. */
  readonly routes: unknown;
}

/**
 * @param given what the console's `/keys` answers
 * @returns a sentence when it cannot be used
 */
export function readRingFacts(given: unknown): Result<RingFacts, string> {
  if (!isJsonObject(given)) return err("The console did not answer with keys.");
  const { code, keySet, revocations, anchors, routes } = given;
  const [ring, issuer] = [parseRingName(given["ring"]), parseIssuerUrl(given["issuer"])];
  if (typeof code === "string") return err(`The ring's key set cannot be read (${code}).`);
  if (typeof keySet !== "string" || ring === undefined || !issuer.ok) return err("KV holds no key set of this ring.");
  return ok({
    ring,
    issuer: issuer.value,
    keySet,
    revocations: typeof revocations === "string" ? revocations : undefined,
    anchors: Array.isArray(anchors) ? anchors : [],
    routes,
  });
}
