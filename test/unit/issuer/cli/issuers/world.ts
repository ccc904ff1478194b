/** A network on which each stand-in issuer publishes a discovery document and its keys, and the command that asks it. */
import { beforeAll, beforeEach } from "vitest";
import { createForeignNetwork } from "../../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../../support/foreign-network.ts";
import { makeStandIns, standInNamed } from "../../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../../support/stand-in-issuers.ts";
import { sealgate } from "../support.ts";
import type { CliRun } from "../support.ts";

export interface IssuersWorld {
  /** Made anew for each test. */
  readonly network: () => ForeignNetwork;
  readonly standIn: (name: string) => StandInIssuer;
  readonly names: () => readonly string[];
  /** Runs `sealgate issuers add`. */
  readonly add: (...argv: readonly string[]) => Promise<CliRun>;
}

export function useIssuersWorld(): IssuersWorld {
  let standIns: readonly StandInIssuer[] = [];
  let network = createForeignNetwork();
  beforeAll(async () => {
    standIns = await makeStandIns();
  });
  beforeEach(() => {
    network = createForeignNetwork();
    for (const { entry, jwkSet } of standIns) {
      network.serve(entry.jwks_uri, jwkSet);
      network.serve(`${entry.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
        issuer: entry.issuer,
        jwks_uri: entry.jwks_uri,
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
  });
  return {
    network: () => network,
    standIn: (name) => standInNamed(standIns, name),
    names: () => standIns.map(({ name }) => name),
    add: (...argv) => sealgate(["issuers", "add", ...argv], { fetch: network.fetch }),
  };
}
