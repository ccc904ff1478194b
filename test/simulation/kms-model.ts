/**
 * KMS as a model: what it stores, and what each reader may still see of it. Writes take effect at once and alias names are
 * unique (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html); reads may show an alias, a key's state,
 * its tags or the list of keys as they were up to five minutes ago
 * (https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html), each read on its own, so
 * that what was seen once may be unseen again. Failing and slow calls are the caller's business (`host.ts`).
 */
import { SealgateError } from "../../issuer/errors.ts";
import type { Kms, KmsAlias, KmsKey, KmsTags } from "../../issuer/kms/port.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { poolKey } from "./cheap-crypto.ts";
import type { PoolKey, PoolSpec } from "./cheap-crypto.ts";
import type { WorldClock } from "./clock.ts";

/** How long ago a reader's view of KMS is, milliseconds: asked anew for each read. */
export type KmsLag = () => number;

/** What is true, for the simulation itself; no host sees it. */
export interface KmsTruth {
  readonly keys: ReadonlyMap<string, ModelKey>;
  /** ARN by alias name. */
  target(aliasName: string): string | undefined;
  state(keyArn: string): string;
  tags(keyArn: string): KmsTags;
  /** ARNs of keys that no alias points to. */
  unaliased(): readonly string[];
  /** Called with each change, after it. */
  onChange(listener: (change: KmsChange) => void): void;
}

export type KmsChange =
  | { readonly kind: "created" | "disabled" | "enabled" | "deletion"; readonly keyArn: string }
  | { readonly kind: "alias"; readonly aliasName: string; readonly keyArn: string; readonly isNew: boolean }
  | { readonly kind: "signed"; readonly keyArn: string };

export interface KmsModel {
  readonly truth: KmsTruth;
  /** KMS as one client sees it. */
  client(lag: KmsLag): Kms;
  /** What anybody with access can do, with any tool; not part of the port. */
  enableKey(keyArn: string): void;
}

export interface ModelKey {
  readonly keyArn: string;
  readonly material: PoolKey;
  readonly createdMs: number;
  readonly states: Versions<string>;
  readonly tags: Versions<KmsTags>;
}

interface AliasVersion {
  readonly keyArn: string;
  readonly createdAt: EpochSeconds;
  readonly updatedAt: EpochSeconds;
}

/** Values with the time since when they hold, oldest first. */
type Versions<Value> = { readonly sinceMs: number; readonly value: Value }[];

const ARN_PREFIX = "arn:aws:kms:eu-central-1:000000000000:key/";
/** What the pool has keys of. */
const SPECS: readonly PoolSpec[] = ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"];

function seenAt<Value>(versions: Versions<Value>, timeMs: number): Value | undefined {
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index];
    if (version !== undefined && version.sinceMs <= timeMs) return version.value;
  }
  return undefined;
}

function latest<Value>(versions: Versions<Value>): Value {
  const last = versions.at(-1);
  if (last === undefined) throw new TypeError("a model value has a version from the start");
  return last.value;
}

export function createKmsModel(clock: WorldClock, skewMs: number): KmsModel {
  const keys = new Map<string, ModelKey>();
  const aliases = new Map<string, Versions<AliasVersion>>();
  const listeners: ((change: KmsChange) => void)[] = [];
  const emit = (change: KmsChange): void => {
    for (const listener of listeners) listener(change);
  };
  const set = <Value>(versions: Versions<Value>, value: Value): void => {
    versions.push({ sinceMs: clock.nowMs, value });
  };

  function keyOf(arn: string): ModelKey {
    const key = keys.get(arn);
    if (key === undefined) throw notFound();
    return key;
  }

  /** The key behind an id, ARN or alias name, as a reader sees names at that time. */
  function resolve(name: string, timeMs: number): ModelKey {
    if (!name.startsWith("alias/")) return keyOf(name.startsWith("arn:") ? name : ARN_PREFIX + name);
    const alias = seenAt(aliases.get(name) ?? [], timeMs);
    if (alias === undefined) throw notFound();
    return keyOf(alias.keyArn);
  }

  function requireState(state: string | undefined): void {
    if (state === "Enabled") return;
    if (state === "Disabled") throw new SealgateError("kms_key_disabled", "disabled");
    if (state === "PendingDeletion") throw new SealgateError("kms_key_pending_deletion", "pending deletion");
    throw notFound();
  }

  function client(lag: KmsLag): Kms {
    const viewMs = (): number => clock.nowMs - lag();
    const describe = (key: ModelKey): KmsKey => {
      const keyState = seenAt(key.states, viewMs());
      if (keyState === undefined) throw notFound();
      return {
        keyArn: key.keyArn,
        keySpec: key.material.spec,
        keyUsage: "SIGN_VERIFY",
        keyState,
        createdAt: seconds(key.createdMs + skewMs),
        deletionAt: undefined,
      };
    };
    // Every method is async so that a refusal is a rejection, as over the network.
    const calls: Kms = {
      describeKey: async (keyId) => describe(resolve(keyId, viewMs())),
      getPublicKey: async (keyId) => {
        const key = resolve(keyId, viewMs());
        requireState(seenAt(key.states, viewMs()));
        const { spec: keySpec, spki } = key.material;
        return { keyArn: key.keyArn, keySpec, keyUsage: "SIGN_VERIFY", spki };
      },
      sign: async ({ keyArn, message }) => {
        const key = resolve(keyArn, viewMs());
        requireState(seenAt(key.states, viewMs()));
        emit({ kind: "signed", keyArn });
        return { keyArn, signature: key.material.sign(message), serverTime: seconds(clock.nowMs + skewMs) };
      },
      verify: async () => {
        throw new SealgateError("kms_request_invalid", "nothing in the simulation asks KMS to verify");
      },
      createKey: async ({ keySpec, tags }) => {
        const spec = SPECS.find((known) => known === keySpec);
        if (spec === undefined) throw new SealgateError("kms_request_invalid", `no model of ${keySpec}`);
        const keyArn = `${ARN_PREFIX}${String(keys.size + 1).padStart(4, "0")}`;
        const since = { sinceMs: clock.nowMs };
        const key: ModelKey = {
          keyArn,
          material: poolKey(spec, keys.size + 1),
          createdMs: clock.nowMs,
          states: [{ ...since, value: "Enabled" }],
          tags: [{ ...since, value: tags }],
        };
        keys.set(keyArn, key);
        emit({ kind: "created", keyArn });
        return {
          ...key,
          keySpec: spec,
          keyUsage: "SIGN_VERIFY",
          keyState: "Enabled",
          createdAt: seconds(clock.nowMs + skewMs),
          deletionAt: undefined,
        };
      },
      listKeys: async () => {
        const view = viewMs();
        return [...keys.values()].filter(({ createdMs }) => createdMs <= view).map(({ keyArn }) => keyArn);
      },
      tagKey: async (keyId, tags) => {
        const key = resolve(keyId, clock.nowMs);
        if (latest(key.states) === "PendingDeletion") requireState("PendingDeletion");
        set(key.tags, { ...latest(key.tags), ...tags });
      },
      listTags: async (keyId) => {
        const tags = seenAt(resolve(keyId, clock.nowMs).tags, viewMs());
        if (tags === undefined) throw notFound();
        return tags;
      },
      disableKey: async (keyId) => {
        const key = resolve(keyId, clock.nowMs);
        if (latest(key.states) === "PendingDeletion") requireState("PendingDeletion");
        set(key.states, "Disabled");
        emit({ kind: "disabled", keyArn: key.keyArn });
      },
      scheduleKeyDeletion: async (keyId) => {
        const key = resolve(keyId, clock.nowMs);
        set(key.states, "PendingDeletion");
        emit({ kind: "deletion", keyArn: key.keyArn });
      },
      createAlias: async (aliasName, targetKeyId) => {
        if (aliases.has(aliasName)) return "exists";
        const { keyArn } = resolve(targetKeyId, clock.nowMs);
        const at = seconds(clock.nowMs + skewMs);
        aliases.set(aliasName, [{ sinceMs: clock.nowMs, value: { keyArn, createdAt: at, updatedAt: at } }]);
        emit({ kind: "alias", aliasName, keyArn, isNew: true });
        return "created";
      },
      updateAlias: async (aliasName, targetKeyId) => {
        const versions = aliases.get(aliasName);
        if (versions === undefined) throw notFound();
        const { keyArn } = resolve(targetKeyId, clock.nowMs);
        set(versions, { keyArn, createdAt: latest(versions).createdAt, updatedAt: seconds(clock.nowMs + skewMs) });
        emit({ kind: "alias", aliasName, keyArn, isNew: false });
      },
      listAliases: async (prefix) =>
        [...aliases].flatMap(([aliasName, versions]): readonly KmsAlias[] => {
          const alias = aliasName.startsWith(prefix) ? seenAt(versions, viewMs()) : undefined;
          if (alias === undefined) return [];
          const { keyArn, createdAt, updatedAt } = alias;
          return [{ aliasName, targetKeyId: keyArn.slice(ARN_PREFIX.length), createdAt, updatedAt }];
        }),
    };
    return calls;
  }

  const truth: KmsTruth = {
    keys,
    target: (aliasName) => {
      const versions = aliases.get(aliasName);
      return versions === undefined ? undefined : latest(versions).keyArn;
    },
    state: (keyArn) => latest(keyOf(keyArn).states),
    tags: (keyArn) => latest(keyOf(keyArn).tags),
    unaliased: () => {
      const targets = new Set([...aliases.values()].map((versions) => latest(versions).keyArn));
      return [...keys.keys()].filter((keyArn) => !targets.has(keyArn));
    },
    onChange: (listener) => void listeners.push(listener),
  };
  return {
    truth,
    client,
    enableKey: (keyArn) => {
      set(keyOf(keyArn).states, "Enabled");
      emit({ kind: "enabled", keyArn });
    },
  };
}

function notFound(): SealgateError {
  return new SealgateError("kms_key_not_found", "KMS does not show the key");
}

function seconds(ms: number): EpochSeconds {
  const time = parseEpochSeconds(Math.floor(ms / 1000));
  if (time === undefined) throw new TypeError("a simulated time is a time");
  return time;
}
