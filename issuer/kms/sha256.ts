/**
 * SHA-256 and HMAC-SHA-256 for the AWS SDK's request signatures (SigV4), over node:crypto as the SDK's own. The difference is
 * that a key given as octets becomes a KeyObject first: Node 24 finds out that octets are none by throwing and catching two
 * errors, which costs a signed request a twentieth of its CPU time. One digest per instance; knows nothing of SigV4.
 */
import { createHash, createHmac, createSecretKey } from "node:crypto";
import type { Hash, Hmac } from "node:crypto";

/** What the SDK hands over: keys and data. */
type SourceData = string | ArrayBuffer | ArrayBufferView;

/** For the option `sha256` of an SDK client. */
export class Sha256 {
  readonly #secret: SourceData | undefined;
  #hash: Hash | Hmac;

  /** @param secret makes it an HMAC */
  constructor(secret?: SourceData) {
    this.#secret = secret;
    this.#hash = start(secret);
  }

  update(data: SourceData): void {
    this.#hash.update(typeof data === "string" ? data : octetsOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = start(this.#secret);
  }
}

function start(secret: SourceData | undefined): Hash | Hmac {
  if (secret === undefined) return createHash("sha256");
  return createHmac("sha256", typeof secret === "string" ? secret : createSecretKey(octetsOf(secret)));
}

function octetsOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
