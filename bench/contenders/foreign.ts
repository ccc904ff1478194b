/** Other issuers beside the own one, as many as the settings say. Their keys come from the settings: no network. Shared; no Worker. */
import { besideOwn } from "../../shared/foreign/beside-own.ts";
import { parseForeignIssuer } from "../../shared/foreign/issuer.ts";
import type { ForeignIssuer } from "../../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../../shared/foreign/key-source.ts";
import { createForeignTokens } from "../../shared/foreign/tokens.ts";
import type { ForeignProblem } from "../../shared/foreign/tokens.ts";
import type { TokenMemoryLimits } from "../../shared/keys/token-memory.ts";
import type { OtherTokens } from "../../shared/keys/token-verifier.ts";
import type { Settings } from "./settings.ts";

/** @returns undefined when there is none, as in a gateway without the feature */
export function foreignTokensOf(
  settings: Settings,
  memoryLimits: TokenMemoryLimits,
): OtherTokens<ForeignProblem> | undefined {
  const { foreignIssuers = 0, foreignKey, issuer, alg } = settings;
  if (foreignIssuers === 0) return undefined;
  const realms = Array.from({ length: foreignIssuers }, (_, index) => {
    // The first one is bench/lib/material.ts's.
    const host = index === 0 ? "login.example.com" : `login-${String(index)}.example.com`;
    const source = createForeignKeySource({
      issuer: issuerAt(host, settings),
      fetch: () => Promise.resolve(Response.json({ keys: foreignKey === undefined ? [] : [{ ...foreignKey, alg }] })),
      random: () => 0.5,
      report: () => undefined,
    });
    return { issuer: issuerAt(host, settings), source };
  });
  return besideOwn(createForeignTokens(realms, { issuer, anchors: [] }, memoryLimits));
}

function issuerAt(host: string, { alg, audience }: Settings): ForeignIssuer {
  const entry = { issuer: `https://${host}`, jwks_uri: `https://${host}/jwks`, algs: [alg], audiences: [audience] };
  const parsed = parseForeignIssuer(entry);
  if (!parsed.ok) throw new TypeError(parsed.error.join("; "));
  return parsed.value;
}
