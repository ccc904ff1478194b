/** What the AWS SDK or Node has thrown, reduced to what it is recognised by. Nothing of the request is among it. */

/** Members of an error, as far as they have the types that they should have. */
export interface SeenError {
  readonly name: string;
  readonly message: string;
  readonly errno: string | undefined;
  /** The file that the system could not open, if it was that. */
  readonly path: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly attempts: number | undefined;
}

/** True when a connection could not be made, or broke. */
export function isConnectionError({ status, errno, path }: SeenError): boolean {
  return status === undefined && path === undefined && errno !== undefined && CONNECTION_ERROR.test(errno);
}

/**
 * What Node reports when a connection cannot be made or breaks: libuv's errno names, and OpenSSL's and Node's names of
 * failed certificate checks. The SDK renames some of these errors "TimeoutError", so the code is looked at first.
 */
const CONNECTION_ERROR =
  /^(?:E(?!TIMEDOUT|RR_)[A-Z_]+|ERR_(?:SSL|TLS)_\w+|\w*CERT\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/;

export function inspectError(error: unknown): SeenError {
  const metadata = member(error, "$metadata");
  return {
    name: error instanceof Error ? error.name : "unknown",
    message: error instanceof Error ? error.message : "",
    errno: text(member(error, "code")),
    path: text(member(error, "path")),
    status: number(member(metadata, "httpStatusCode")),
    requestId: text(member(metadata, "requestId")),
    attempts: number(member(metadata, "attempts")),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
