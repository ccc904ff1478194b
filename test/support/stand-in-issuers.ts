/**
 * Stand-ins for identity providers: JWK Sets and tokens with the members that each one documents, and without those that it
 * leaves out, made by jose. Web globals only. Each has a token that an API is meant to take and one of the same issuer, signed
 * with a listed key, that it is not: an ID token, or where there are only ID tokens, another application's or tenant's.
 */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { JWTPayload } from "jose";
import type { ForeignIssuerEntry } from "../../shared/foreign/issuer.ts";
import { OTHER_PROVIDERS } from "./provider-formats-other.ts";
import { SIGN_IN_PROVIDERS } from "./provider-formats-sign-in.ts";

export interface StandInIssuer {
  readonly name: string;
  /** As a user configures it. */
  readonly entry: ForeignIssuerEntry;
  /** As it publishes it. */
  readonly jwkSet: object;
  /** What its token grants, as the entry says. */
  readonly scopes: readonly string[];
  /** Why the second token is refused. */
  readonly refusal: string;
  readonly access: (now: number, changes?: Changes, header?: Changes) => Promise<string>;
  readonly refused: (now: number) => Promise<string>;
}

/** A member that is changed to undefined is left out. */
export type Changes = Readonly<Record<string, unknown>>;

/** Two RSA keys and one of an elliptic curve serve all stand-ins: no test looks at one issuer's key at another's. */
export async function makeStandIns(): Promise<readonly StandInIssuer[]> {
  const pairs = await Promise.all([
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("ES256", { extractable: true }),
  ]);
  const [one, two, ec] = await Promise.all([
    exportJWK(pairs[0].publicKey),
    exportJWK(pairs[1].publicKey),
    exportJWK(pairs[2].publicKey),
  ]);
  return [...SIGN_IN_PROVIDERS, ...OTHER_PROVIDERS].map(
    ({ name, entry, keys, beside, header, access, id, scopes, refusal }) => {
      const sign = (claims: JWTPayload, members: object, isSecond = false): Promise<string> =>
        new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...members }).sign(pairs[isSecond ? 1 : 0].privateKey);
      return {
        name,
        entry,
        jwkSet: { keys: keys([one, two], ec), ...beside },
        scopes,
        refusal,
        access: (now, changes = {}, changedHeader = {}) =>
          sign(withChanges(access(now), changes), withChanges(header[0], changedHeader)),
        refused: (now) => sign(id(now), header[1] ?? header[0], header.length > 1),
      };
    },
  );
}

function withChanges(members: object, changes: Changes): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...members, ...changes }).filter(([, value]) => value !== undefined));
}

/** @throws when there is none of the name */
export function standInNamed(standIns: readonly StandInIssuer[], name: string): StandInIssuer {
  const found = standIns.find((one) => one.name === name);
  if (found === undefined) throw new TypeError(`no stand-in is called ${name}`);
  return found;
}
