/**
 * The public API of the issuer. Everything else in this folder may change without notice.
 */
export { SealgateError } from "./errors.ts";
export type { FaultCode } from "./errors.ts";
export { createIssuer } from "./issuer.ts";
export type { IssuedToken, IssuedTyp, Issuer, SignOptions } from "./issuer.ts";
export type { IssuerOptions } from "./issuer-options.ts";
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

// Signing with a ring: createIssuer({ ring: createRingSource(createRingPolicy({ … })), … })
export { createRingPolicy, readRingPolicy } from "./config/ring-policy.ts";
export type { RingPolicyOptions } from "./config/ring-policy.ts";
export { createRingSource } from "./key-ring/sign/ring-source.ts";
export type { RingSourceOptions } from "./key-ring/sign/ring-source.ts";
export { createRings } from "./rings.ts";
export type { RingHealth, Rings, RingsOptions } from "./rings.ts";
export { checkRingPolicy, createRingSigner, createTaggedPublishedKeys } from "./key-ring/index.ts";
export type { PolicyProblem, PublishedKeys, RingPolicy, RingPolicyInput } from "./key-ring/index.ts";
export type { RingSigner, RingSignerOptions, RingSignerStatus } from "./key-ring/index.ts";

// Taking back tokens
export { createRevocations } from "./revocations/revocations.ts";
export type { Revocations, RevocationsOptions, Revoked } from "./revocations/revocations.ts";
export { createRevocationTable } from "./revocations/dynamodb/table.ts";
export { createDynamoDbRevocations } from "./revocations/dynamodb/store.ts";
export type { StoredRevocation } from "./revocations/entry.ts";
export type { ListNote, RevocationReading, RevocationStore, RevocationWriter } from "./revocations/store.ts";

// Keeping a ring
export {
  createRingMemory,
  createRingPorts,
  observeRing,
  planRing,
  reconcileRing,
  rootAnchorsOf,
} from "./key-ring/index.ts";
export type { AuditEntry, AuditSink, RingMemory, RingPorts, RingPortsOptions, RootAnchor } from "./key-ring/index.ts";
export type { ObservedRing, Plan, ReconcileOptions, ReconcileReport, RingRequest } from "./key-ring/index.ts";
export { createCloudflareKvPublisher } from "./publish/cloudflare-kv.ts";
export type { CloudflareKvOptions } from "./publish/cloudflare-kv-options.ts";
export type { KeySetPublisher } from "./publish/publisher.ts";
export { readRingConfig } from "./config/ring.ts";
export type { RingConfig } from "./config/ring.ts";
export { rotateRing } from "./key-ring/rotate.ts";
export type { RotateRingOptions, RotationReport } from "./key-ring/rotate.ts";
