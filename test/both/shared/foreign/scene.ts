/** A verifier of all stand-in issuers beside own keys, on a network of their JWK Sets. */
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import type { ForeignIssuer, ForeignIssuerEntry } from "../../../../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../../../../shared/foreign/key-source.ts";
import { createForeignTokens } from "../../../../shared/foreign/tokens.ts";
import type { ForeignAnswer, OwnKeys } from "../../../../shared/foreign/tokens.ts";
import type { Kid } from "../../../../shared/identifiers.ts";
import { createForeignNetwork } from "../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../support/foreign-network.ts";
import { makeKey, makeRoot, TEST_ISSUER } from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";
import { makeStandIns } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";

export const NOW = 1_800_000_000;
export const NOW_MS: number = NOW * 1000;

export interface ForeignWorld {
  readonly standIns: readonly StandInIssuer[];
  readonly ownKey: TestKey;
  /** An own key whose kid has a tombstone. */
  readonly withdrawn: TestKey;
  readonly root: TestRoot;
  readonly makeScene: () => Scene;
  /** The same, in a new isolate on a network that is there. */
  readonly makeSceneWith: (network: ForeignNetwork) => Scene;
}

export interface Scene {
  readonly network: ForeignNetwork;
  /** Waits for what goes on behind the answers so far. */
  readonly settle: () => Promise<void>;
  readonly verify: (token: string, nowMs?: number, mayRead?: boolean) => Promise<ForeignAnswer | "own">;
}

export async function makeForeignWorld(): Promise<ForeignWorld> {
  const [standIns, ownKey, withdrawn, root] = await Promise.all([
    makeStandIns(),
    makeKey("ES256"),
    makeKey("ES256"),
    makeRoot("ES256"),
  ]);
  const own: OwnKeys = { ownerOf: (kid: Kid) => (kid === ownKey.kid || kid === withdrawn.kid ? {} : undefined) };

  function makeSceneWith(network: ForeignNetwork): Scene {
    const realms = standIns.map(({ entry }) => {
      const issuer = issuerOf(entry);
      const { fetch } = network;
      return { issuer, source: createForeignKeySource({ issuer, fetch, random: () => 0, report: () => undefined }) };
    });
    const tokens = createForeignTokens(realms, { issuer: TEST_ISSUER, anchors: [root.kid] });
    const behind: Promise<unknown>[] = [];
    return {
      network,
      settle: async () => {
        await Promise.all(behind);
      },
      verify: async (token, nowMs = NOW_MS, mayRead = true) =>
        (await tokens.verify(token, own, nowMs, (work) => void behind.push(work), mayRead)) ?? "own",
    };
  }

  return {
    standIns,
    ownKey,
    withdrawn,
    root,
    makeSceneWith,
    makeScene() {
      const network = createForeignNetwork();
      for (const { entry, jwkSet } of standIns) network.serve(entry.jwks_uri, jwkSet);
      return makeSceneWith(network);
    },
  };
}

export function issuerOf(entry: ForeignIssuerEntry): ForeignIssuer {
  const parsed = parseForeignIssuer(entry);
  if (!parsed.ok) throw new TypeError(parsed.error.join("; "));
  return parsed.value;
}

export function codeOf(answer: ForeignAnswer | "own"): string {
  if (answer === "own") return "own";
  return answer.ok ? "ok" : answer.error.code;
}
