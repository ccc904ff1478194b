/**
 * From what was found at an issuer to the entry of `FOREIGN_ISSUERS`: with what is known of its provider, and with what only
 * the user knows. Pure.
 */
import { parseForeignIssuer } from "../../../shared/foreign/issuer.ts";
import type { ForeignIssuerEntry } from "../../../shared/foreign/issuer.ts";
import { findSharedIssuer, isCognito } from "../../../shared/foreign/tenants.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import type { FoundIssuer } from "./discover.ts";

/** What the command line says. */
export interface Wishes {
  readonly audiences: readonly string[];
  readonly clientIds: readonly string[];
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** What a provider's access tokens have, and its ID tokens have not. */
interface Provider {
  readonly name: string;
  readonly fits: (issuer: URL) => boolean;
  readonly entry?: Pick<ForeignIssuerEntry, "claims" | "typs">;
  /** Its access tokens have no `aud`: the client is asked for instead. */
  readonly byClient?: true;
  /** Its tokens cannot be taken at all. */
  readonly refusal?: string;
  /** The one audience that its tokens have. */
  readonly audienceOf?: (issuer: URL) => string;
}

const PROVIDERS: readonly Provider[] = [
  {
    name: "Cognito",
    fits: isCognito,
    entry: { claims: { token_use: ["access"] }, typs: ["none"] },
    byClient: true,
  },
  {
    name: "Keycloak",
    fits: ({ pathname }) => /\/realms\/[^/]+$/.test(pathname),
    entry: { claims: { typ: ["Bearer"] } },
  },
  {
    name: "Cloudflare Access",
    fits: ({ hostname }) => hostname.endsWith(".cloudflareaccess.com"),
    entry: { claims: { type: ["app"] } },
  },
  {
    name: "Firebase",
    fits: ({ hostname }) => hostname === "securetoken.google.com",
    audienceOf: ({ pathname }) => pathname.slice(1),
  },
  {
    name: "Okta",
    fits: ({ hostname, pathname }) => /\.okta(?:preview|-emea)?\.com$/.test(hostname) && pathname === "/",
    refusal:
      "Okta's org server issues access tokens that only Okta may verify: take a custom authorization server, https://<org>.okta.com/oauth2/default for example",
  },
];

/** A tenant of Entra has its ID in the path of the issuer. */
const ENTRA_TENANT = /^https:\/\/(?:login\.microsoftonline\.com|sts\.windows\.net)\/([\da-f-]{36})\//;

/** @returns the entry, checked as the Worker will check it, or the sentences that say what is missing */
export function makeEntry(found: FoundIssuer, wishes: Wishes): Result<ForeignIssuerEntry, readonly string[]> {
  const issuer = new URL(found.issuer);
  const provider = PROVIDERS.find(({ fits }) => fits(issuer));
  if (provider?.refusal !== undefined) return err([provider.refusal]);
  const known = provider?.audienceOf === undefined ? [] : [provider.audienceOf(issuer)];
  const audiences = wishes.audiences.length > 0 ? wishes.audiences : known;
  const [, tenant] = ENTRA_TENANT.exec(found.issuer) ?? [];
  const claims = { ...provider?.entry?.claims, ...(tenant === undefined ? {} : { tid: [tenant] }), ...wishes.claims };
  const missing = missingOf(provider, found, audiences, { ...wishes, claims });
  if (missing.length > 0) return err(missing);
  const entry: ForeignIssuerEntry = {
    issuer: found.issuer,
    jwks_uri: found.jwksUri,
    algs: found.algs,
    ...(audiences.length === 0 ? {} : { audiences }),
    ...(wishes.clientIds.length === 0 ? {} : { client_ids: wishes.clientIds }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    ...(provider?.entry?.typs === undefined ? {} : { typs: provider.entry.typs }),
  };
  const checked = parseForeignIssuer(entry);
  return checked.ok ? ok(entry) : err(checked.error);
}

function missingOf(
  provider: Provider | undefined,
  found: FoundIssuer,
  audiences: readonly string[],
  { clientIds, claims }: Wishes,
): readonly string[] {
  const problems: string[] = [];
  if (provider?.byClient === true && clientIds.length === 0) {
    problems.push(
      `access tokens of ${provider.name} have no aud: pass --client-id, the app client that may call your API`,
    );
  } else if (audiences.length === 0 && clientIds.length === 0) {
    problems.push("pass --audience: what access tokens for your API have as aud (an ID token has its client there)");
  }
  const shared = findSharedIssuer(new URL(found.issuer), new URL(found.jwksUri));
  if (shared !== undefined && !shared.pins.some((pin) => pin in claims)) {
    const [advice, ...others] = shared.pins;
    problems.push(
      `${shared.name} serves many tenants, and each of them could call your API: pass --claim ${advice}=<yours> (or ${others.join(", ")})`,
    );
  }
  return problems;
}
