/**
 * The way into the real product for harnesses that drive it from outside, with every port open: clock, timer, KMS, `fetch`, KV and
 * chance. Nothing below is a model or a mock. The simulation of this folder uses it itself; harnesses of other origin may
 * rely on what is exported here, which stays as it is when files behind it move.
 *
 *   createPolicy      what an operator writes, checked; the policy of all parts below
 *   createPublisher   documents to Workers KV, over the REST API, through a `fetch`
 *   createRotator     observes, plans and acts: one `run` is one reconciliation, `forget` is a new process
 *   createSigner      what a token service runs: the ring's signer and the issuer on top of it
 *   createRingsSigner the same with several rings, home first; `amongOthersOf` is what it goes by to choose one
 *   createRevoker     what takes single tokens back, over the tables of all rings
 *   createEdge        one isolate: key ladder, memory of tokens and token verifier, over one read of KV; one ring
 *   createRingsEdge   the same with several rings, and with their lists of taken-back tokens
 *   importAnchors     public root keys, as KMS gives them, to what `createEdge` pins
 *   aliasesOf         what the ring is called in KMS
 *
 * A harness brings a KMS (the interface `Kms`; refusals are a `SealgateError` with a `kms_…` code), a `fetch` that answers as
 * Cloudflare's API does, a read of KV for each isolate, and one {@link HostClock} per host: two hosts with two clocks are two
 * hosts whose clocks differ. No part reads a clock, starts a timer or draws a number but through these ports. Cryptography
 * is the platform's. Deadlines of callers of `sign()` are not among the ports.
 */
export type { HostClock, Random } from "./ports/clock.ts";
export { createEdge, createRingsEdge, importAnchors } from "./ports/edge.ts";
export type {
  Edge,
  EdgeConnection,
  EdgeOptions,
  EdgeRing,
  EdgeStatus,
  RingsEdge,
  RingsEdgeOptions,
} from "./ports/edge.ts";
export {
  aliasesOf,
  amongOthersOf,
  createPolicy,
  createPublisher,
  createRevoker,
  createRingsSigner,
  createRotator,
  createSigner,
} from "./ports/issuer.ts";
export type {
  PolicyInput,
  PublisherOptions,
  RevokerOptions,
  Rotator,
  RotatorOptions,
  RotatorRun,
  SignedToken,
  RingsSignerOptions,
  SignerOptions,
  SigningRing,
  TokenSigner,
  Wish,
} from "./ports/issuer.ts";
export { SealgateError } from "../../issuer/errors.ts";
export type { FaultCode } from "../../issuer/errors.ts";
export type { AuditEntry } from "../../issuer/key-ring/act/audit.ts";
export type { RingRequest } from "../../issuer/key-ring/model/plan.ts";
export type { RingPolicy } from "../../issuer/key-ring/policy.ts";
export type {
  Kms,
  KmsAlias,
  KmsKey,
  KmsPublicKey,
  KmsSignature,
  KmsSignRequest,
  KmsTags,
  KmsVerifyRequest,
} from "../../issuer/kms/port.ts";
export type { KeySetPublisher, RevocationsPublisher } from "../../issuer/publish/publisher.ts";
export type { Revocations } from "../../issuer/revocations/revocations.ts";
export type { RevocationStore, RevocationWriter } from "../../issuer/revocations/store.ts";
export type { Alg } from "../../shared/algorithms.ts";
export type { TrustAnchors } from "../../shared/signed-key-set.ts";
