/** What a rotator needs of the world to keep the list of taken-back tokens, and how its calls for it are told from others. */
import type { Host } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import type { HostClock, RevocationStore } from "./ports.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a rotator needs to keep the list of taken-back tokens. */
export interface RotatorLists {
  /** The list's entry. */
  readonly kv: KvModel;
  /** The table as this process sees it. Its calls fail without the process's other calls being in trouble. */
  readonly storeOf: (process: Host) => RevocationStore;
  /** All calls to Cloudflare's API, of key sets too. */
  readonly through: (serve: Fetch) => Fetch;
  /** Its clock, with what is taken away. */
  readonly clockOf: (clock: HostClock) => HostClock;
  /** The table has failed since then. */
  readonly isTroubledSince: (timeMs: number) => boolean;
}

/** Tells when a reading of the table begins: W counts from there. */
export function noticing(store: RevocationStore, onLoad: () => void): RevocationStore {
  return {
    ...store,
    load(issuer, since) {
      onLoad();
      return store.load(issuer, since);
    },
  };
}

/** A call for the list's entry: its key is in the path of a read, in the body of a write. */
export function isOfList(url: string, { body }: RequestInit): boolean {
  return (
    decodeURIComponent(url).includes("/revocations:") || (typeof body === "string" && body.includes('"revocations:'))
  );
}
