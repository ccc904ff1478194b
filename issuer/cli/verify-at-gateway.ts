/** `sealgate token verify --gateway`: by the key set that a gateway serves, and the root keys that the Worker pins. No AWS. */
import { createVerifier, fromUrl } from "../../shared/index.ts";
import type {
  KeysUnavailable,
  Result,
  RevocationsUnavailable,
  TokenRejection,
  VerifiedToken,
} from "../../shared/index.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { ANCHORS_ADVICE, fromEnv, readAnchors } from "./options.ts";

export interface GatewayVerifyOptions {
  readonly gateway: string;
  readonly anchors?: string;
  readonly ring: string | undefined;
  readonly issuer?: string;
}

/**
 * @returns what the gateway would say of the token, or that its key set cannot be used
 * @throws UsageError naming the option that is missing or wrong
 */
export async function verifyAtGateway(
  io: CliIo,
  options: GatewayVerifyOptions,
  audiences: readonly string[],
  token: string,
): Promise<Result<VerifiedToken, TokenRejection | KeysUnavailable | RevocationsUnavailable>> {
  const issuer = fromEnv(io, options.issuer, "SEALGATE_ISSUER");
  if (issuer === undefined) throw new UsageError("--issuer (or SEALGATE_ISSUER) is missing");
  const given = fromEnv(io, options.anchors, "TRUST_ANCHORS");
  if (given === undefined) throw new UsageError(`--anchors (or TRUST_ANCHORS) is missing: ${ANCHORS_ADVICE}`);
  const named = fromEnv(io, options.ring, "SEALGATE_RING");
  const anchors = readAnchors(given, named);
  // A Worker of several rings pins root keys for each of them: without a name, any of them may have signed.
  const ring = named ?? (Array.isArray(anchors) ? undefined : Object.keys(anchors));
  try {
    const verifier = createVerifier({
      issuer,
      audiences,
      anchors,
      keySets: fromUrl(options.gateway),
      clock: io.nowMs,
      ...(ring === undefined ? {} : { ring }),
    });
    return await verifier.verify(token);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}
