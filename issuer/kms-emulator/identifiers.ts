/**
 * Key ids, alias names and their ARNs: formats, and what kind of thing a request's KeyId names. No lookup.
 *
 * Source: AWS KMS Developer Guide, "Key identifiers (KeyId)"; API Reference, CreateAlias.
 */
import { KmsError } from "./errors.ts";
import { constraintError } from "./input.ts";

/** The account and Region an emulator plays. Both are part of every ARN. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export type Identifier =
  | { readonly kind: "key"; readonly keyId: string }
  | { readonly kind: "alias"; readonly name: string };

const ALIAS_NAME = /^alias\/[A-Za-z0-9/_-]+$/;
const ALIAS_NAME_MAX_CHARS = 256;
const ARN = /^arn:aws:kms:([a-z0-9-]+):([0-9]{12}):(key\/.+|alias\/.+)$/;

export function keyArn(place: Place, keyId: string): string {
  return `arn:aws:kms:${place.region}:${place.accountId}:key/${keyId}`;
}

export function aliasArn(place: Place, aliasName: string): string {
  return `arn:aws:kms:${place.region}:${place.accountId}:${aliasName}`;
}

/**
 * Reads a KeyId in any of KMS's four forms: key id, key ARN, alias name, alias ARN. A text of
 * another form is taken for a key id, and not found.
 * @throws KmsError InvalidArnException for a malformed ARN, NotFoundException for another account or Region.
 */
export function parseIdentifier(text: string, place: Place): Identifier {
  if (!text.startsWith("arn:")) return parseName(text);
  const [, region, accountId, name = ""] = ARN.exec(text) ?? [];
  if (region === undefined) throw new KmsError("InvalidArnException", `Invalid arn ${text}`);
  if (region !== place.region || accountId !== place.accountId) {
    throw new KmsError("NotFoundException", `Invalid arn ${text}: this is ${place.region}, account ${place.accountId}`);
  }
  return parseName(name.startsWith("key/") ? name.slice("key/".length) : name);
}

function parseName(text: string): Identifier {
  return text.startsWith("alias/") ? { kind: "alias", name: text } : { kind: "key", keyId: text };
}

/**
 * Checks the name of an alias that is to be made, moved or deleted.
 * @throws KmsError ValidationException for the format, NotAuthorizedException for AWS's own prefix.
 */
export function checkAliasName(name: string): void {
  if (name.length > ALIAS_NAME_MAX_CHARS) {
    throw constraintError("AliasName", `have length less than or equal to ${ALIAS_NAME_MAX_CHARS}`);
  }
  if (!ALIAS_NAME.test(name)) {
    throw constraintError("AliasName", `satisfy regular expression pattern: ${ALIAS_NAME.source}`);
  }
  if (name.startsWith("alias/aws/")) {
    throw new KmsError("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved for AWS.");
  }
}
