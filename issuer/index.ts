/**
 * The public API of the issuer. Everything else in this folder may change without notice.
 */
export { SealgateError } from "./errors.ts";
export type { FaultCode } from "./errors.ts";
export { createIssuer } from "./issuer.ts";
export type { IssuedToken, IssuedTyp, Issuer, IssuerOptions, SignOptions } from "./issuer.ts";
export { createAwsKms } from "./kms/aws-kms.ts";
export type { AwsClientOptions } from "./kms/aws-client.ts";
export type { Kms } from "./kms/port.ts";
export { createKmsSigner } from "./kms/signer.ts";
export type { KmsSignerOptions } from "./kms/signer.ts";
export { exportPublicKey } from "./public-key.ts";
export type { ExportPublicKeyOptions } from "./public-key.ts";
export type { Signer, SignerSource } from "./signer.ts";
export { createKmsVerifier } from "./verifier.ts";
export type { KmsVerifier, KmsVerifierOptions } from "./verifier.ts";
export type { TokenRejection, TokenRejectionCode } from "../shared/rejection.ts";
export type { VerifiedToken } from "../shared/verify-token.ts";
