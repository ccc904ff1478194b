/** `sealgate token verify --gateway`: by the key set that a gateway serves, and the root keys that the Worker pins. No AWS. */
import { createVerifier, fromUrl } from "../../shared/index.ts";
import type { KeysUnavailable, Result, TokenRejection, VerifiedToken } from "../../shared/index.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { fromEnv } from "./options.ts";

export interface GatewayVerifyOptions {
  readonly gateway: string;
  readonly anchors?: string;
  readonly ring?: string;
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
): Promise<Result<VerifiedToken, TokenRejection | KeysUnavailable>> {
  const issuer = fromEnv(io, options.issuer, "SEALGATE_ISSUER");
  if (issuer === undefined) throw new UsageError("--issuer (or SEALGATE_ISSUER) is missing");
  const anchors = readAnchors(fromEnv(io, options.anchors, "TRUST_ANCHORS"));
  const ring = fromEnv(io, options.ring, "SEALGATE_RING");
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

function readAnchors(text: string | undefined): readonly object[] {
  const advice = "pass the JSON array that `sealgate ring anchors` prints";
  if (text === undefined) throw new UsageError(`--anchors (or TRUST_ANCHORS) is missing: ${advice}`);
  try {
    const anchors: unknown = JSON.parse(text);
    if (Array.isArray(anchors) && anchors.every((one) => typeof one === "object" && one !== null)) return anchors;
  } catch {
    // Said below.
  }
  throw new UsageError(`--anchors (or TRUST_ANCHORS) must be an array of JWKs: ${advice}`);
}
