/**
 * The port through which key sets reach the edge and are observed again. Texts go in and come out as they are: signing is
 * in `sign-key-set.ts`, and what is read must be verified (`openKeySet`) before anything in it is believed.
 */
import type { RingName } from "../../shared/identifiers.ts";

/** What a publisher has made sure of. */
export interface Published {
  readonly rev: number;
  /**
   * The store's clock minus this host's, in seconds; 0 when they agree as far as the answer can tell, undefined when the
   * store does not tell its time (the local KV API).
   */
  readonly serverSkewSeconds: number | undefined;
}

/**
 * Where the key set documents of rings are stored, one text per ring. There is no compare-and-swap: the last writer wins,
 * and the other one finds out by reading.
 */
export interface KeySetPublisher {
  /**
   * Stores a document. Resolves only once the store has been seen to hold exactly these bytes. After a failure the
   * document may or may not be stored: observe again before acting on it. Publishing the same document twice is harmless.
   * @param text the compact JWS
   * @param rev the document's `rev`, for humans who look into the store
   * @throws SealgateError `publish_…` or `clock_skewed`
   */
  publish(ring: RingName, text: string, rev: number): Promise<Published>;
  /**
   * Reads what is stored, which may be anything: other writers exist, and the store may be a minute behind.
   * @returns undefined only when the store has said that there is no document. A value that is longer than a key set
   *   document can be comes back cut just above that limit, so that it is refused as too large, not as a failure.
   * @throws SealgateError `publish_…` whenever it is not known what is stored
   */
  read(ring: RingName): Promise<string | undefined>;
}

/** The same for the list of taken-back tokens of a ring. */
export interface RevocationsPublisher {
  /** @param text what `sign-revocations.ts` makes @throws as `publish` */
  publishRevocations(ring: RingName, text: string, rev: number): Promise<Published>;
  /** @returns as `read` @throws as `read` */
  readRevocations(ring: RingName): Promise<string | undefined>;
}
