/** What a provider documents of its JWK Set and its tokens; a table of them is in provider-formats-*.ts. */
import type { JWK, JWTPayload } from "jose";
import type { ForeignIssuerEntry } from "../../shared/foreign/issuer.ts";

export interface ProviderFormat {
  readonly name: string;
  readonly entry: ForeignIssuerEntry;
  /** The listed keys, from the raw material (kty, n, e), the first one of which signs; see `header`. */
  readonly keys: (material: readonly [JWK, JWK], ec: JWK) => readonly object[];
  /** Beside `keys`. */
  readonly beside?: object;
  /** Protected header beside `alg`; and, if ID tokens are signed with the second key, theirs. */
  readonly header: readonly [object, object?];
  readonly access: (now: number) => JWTPayload;
  readonly id: (now: number) => JWTPayload;
  readonly scopes: readonly string[];
  readonly refusal: string;
}
