/**
 * The two kinds of failure the emulator knows: KMS's own errors, which travel to the client by name and HTTP status, and
 * coded faults of the emulator itself at start-up. Holds names and statuses only, no wording of single operations.
 */

/**
 * KMS error names and the HTTP status each is answered with: 400 for the client's faults, 500 for the service's (AWS KMS API
 * Reference, "Errors" of each operation and "Common Errors").
 */
const STATUS = {
  AccessDeniedException: 400,
  AlreadyExistsException: 400,
  DependencyTimeoutException: 500,
  DisabledException: 400,
  DryRunOperationException: 400,
  ExpiredTokenException: 400,
  InvalidArnException: 400,
  InvalidKeyUsageException: 400,
  InvalidMarkerException: 400,
  KeyUnavailableException: 500,
  KMSInternalException: 500,
  KMSInvalidSignatureException: 400,
  KMSInvalidStateException: 400,
  LimitExceededException: 400,
  MissingAuthenticationTokenException: 400,
  NotAuthorizedException: 400,
  NotFoundException: 400,
  RequestEntityTooLargeException: 413,
  SerializationException: 400,
  TagException: 400,
  ThrottlingException: 400,
  UnknownOperationException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
} as const;

export type KmsErrorName = keyof typeof STATUS;

/** An error that KMS itself would answer. `name` is the wire's `__type`, `status` the HTTP status. */
export class KmsError extends Error {
  override readonly name: KmsErrorName;
  readonly status: number;

  constructor(name: KmsErrorName, message: string) {
    super(message);
    this.name = name;
    this.status = STATUS[name];
  }
}

/** Why the emulator could not start, or could not keep its state file. */
export type KmsEmulatorErrorCode =
  | "kms_emulator_port_unavailable"
  | "kms_emulator_state_damaged"
  | "kms_emulator_state_exposed"
  | "kms_emulator_state_mismatch"
  | "kms_emulator_state_changed"
  | "kms_emulator_state_locked"
  | "kms_emulator_state_unreadable";

/** A fault of the emulator or its state file. The message says what to do and never holds key material. */
export class KmsEmulatorError extends Error {
  override readonly name: string = "KmsEmulatorError";
  readonly code: KmsEmulatorErrorCode;

  constructor(code: KmsEmulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
