/**
 * KMS as a model: what it stores, and what each reader may still see of it. Writes take effect at once and alias names are
 * unique (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html); reads may show an alias, a key's state,
 * its tags or the list of keys as they were up to five minutes ago, each read on its own
 * (https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html). A change that names a key
 * may be refused as long as a reader might not see the key. Failing and slow calls are the caller's business (`host.ts`).
 */
import { SealgateError } from "./ports.ts";
import type { Kms, KmsAlias, KmsKey, KmsTags } from "./ports.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { poolKey } from "./cheap-crypto.ts";
import type { PoolKey, PoolSpec } from "./cheap-crypto.ts";
import type { WorldClock } from "./clock.ts";
import { latest, seenAt, since } from "./versions.ts";
import type { Versions } from "./versions.ts";

/** How old a reader's view of KMS is, milliseconds: asked anew for each read. */
export type KmsLag = () => number;

/** What is true, for the simulation itself; no host sees it. */
export interface KmsTruth {
  readonly keys: ReadonlyMap<string, ModelKey>;
  /** ARN by alias name. */
  target(aliasName: string): string | undefined;
  /** ARNs that a reader may see behind an alias, if views may be as old as that; undefined stands for no alias. */
  targetsSince(aliasName: string, sinceMs: number): readonly (string | undefined)[];
  state(keyArn: string): string;
  /** States that a reader may see, if views may be as old as that. */
  statesSince(keyArn: string, sinceMs: number): readonly string[];
  tags(keyArn: string): KmsTags;
  tagsSince(keyArn: string, sinceMs: number): readonly KmsTags[];
  /** ARNs of keys that no alias points to. */
  unaliased(): readonly string[];
  /** Called with each change, after it. */
  onChange(listener: (change: KmsChange) => void): void;
}

/** Who made a change: a rotator, a signer, or a person with any tool. */
export type Actor = "rotator" | "signer" | "person";

export type KmsChange = { readonly by: Actor } & (
  | { readonly kind: "created" | "disabled" | "enabled" | "deletion" | "signed"; readonly keyArn: string }
  | { readonly kind: "tagged"; readonly keyArn: string; readonly tags: KmsTags }
  | { readonly kind: "alias"; readonly aliasName: string; readonly keyArn: string; readonly isNew: boolean }
  | { readonly kind: "alias_removed"; readonly aliasName: string; readonly keyArn: string }
  /** Another key has the alias, or the key is too new to be named. */
  | { readonly kind: "refused" }
);

export interface KmsModel {
  readonly truth: KmsTruth;
  /** KMS as one client sees it. */
  client(lag: KmsLag, by: Actor): Kms;
  /** What people with access can do, with any tool; not part of the port. */
  readonly hands: {
    enableKey(keyArn: string): void;
    /** The key is disabled from then on. */
    cancelDeletion(keyArn: string): void;
    removeAlias(aliasName: string): void;
    removeTags(keyArn: string, names: readonly string[]): void;
    /** Tags cannot be read for so long. */
    denyTags(forMs: number): void;
  };
}

export interface ModelKey {
  readonly keyArn: string;
  readonly material: PoolKey;
  readonly createdMs: number;
  readonly description: string;
  readonly states: Versions<string>;
  readonly tags: Versions<KmsTags>;
}

interface AliasVersion {
  /** Undefined once the alias was removed. */
  readonly keyArn: string | undefined;
  readonly createdAt: EpochSeconds;
  readonly updatedAt: EpochSeconds;
}

const ARN_PREFIX = "arn:aws:kms:eu-central-1:000000000000:key/";
/** What the pool has keys of. */
const SPECS: readonly PoolSpec[] = ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519", "RSA_2048"];

const notFound = (): SealgateError => new SealgateError("kms_key_not_found", "KMS does not show the key");

export function createKmsModel(clock: WorldClock, skewMs: number, firstKeyNumber = 0): KmsModel {
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
    const keyArn = seenAt(aliases.get(name) ?? [], timeMs)?.keyArn;
    if (keyArn === undefined) throw notFound();
    return keyOf(keyArn);
  }

  function requireState(state: string | undefined): void {
    if (state === "Enabled") return;
    if (state === "Disabled") throw new SealgateError("kms_key_disabled", "disabled");
    if (state === "PendingDeletion") throw new SealgateError("kms_key_pending_deletion", "pending deletion");
    throw notFound();
  }

  let deniedUntilMs = 0;

  function client(lag: KmsLag, by: Actor): Kms {
    const viewMs = (): number => clock.nowMs - lag();
    /** A change names a key: what is stored is the newest, but a key that is too new may be unknown where the call arrives. */
    const named = (keyId: string): ModelKey => {
      const key = resolve(keyId, clock.nowMs);
      if (viewMs() >= key.createdMs) return key;
      emit({ by, kind: "refused" });
      throw notFound();
    };
    /** The same, for what KMS refuses while the key waits for its deletion (AWS KMS Developer Guide, "Key states"). */
    const lasting = (keyId: string): ModelKey => {
      const key = named(keyId);
      if (latest(key.states) === "PendingDeletion") requireState("PendingDeletion");
      return key;
    };
    /** What people put back stood there before the deletion. */
    const aliasable = by === "person" ? named : lasting;
    const describe = (key: ModelKey): KmsKey => {
      const keyState = seenAt(key.states, viewMs());
      if (keyState === undefined) throw notFound();
      return {
        keyArn: key.keyArn,
        keySpec: key.material.spec,
        keyUsage: "SIGN_VERIFY",
        keyState,
        createdAt: seconds(key.createdMs + skewMs),
        description: key.description,
        deletionAt: undefined,
      };
    };
    // Async, so that a refusal is a rejection.
    return {
      describeKey: async (keyId) => describe(resolve(keyId, viewMs())),
      getPublicKey: async (keyId) => {
        const key = resolve(keyId, viewMs());
        requireState(seenAt(key.states, viewMs()));
        const { spec: keySpec, spki } = key.material;
        return { keyArn: key.keyArn, keySpec, keyUsage: "SIGN_VERIFY", spki };
      },
      sign: async ({ keyArn, message, signingAlgorithm }) => {
        const key = resolve(keyArn, viewMs());
        requireState(seenAt(key.states, viewMs()));
        emit({ by, kind: "signed", keyArn });
        return {
          keyArn,
          signature: key.material.sign(message, signingAlgorithm),
          serverTime: seconds(clock.nowMs + skewMs),
        };
      },
      verify: async () => {
        throw new SealgateError("kms_request_invalid", "nothing in the simulation asks KMS to verify");
      },
      createKey: async ({ keySpec, description, tags }) => {
        const spec = SPECS.find((known) => known === keySpec);
        if (spec === undefined) throw new SealgateError("kms_request_invalid", `no model of ${keySpec}`);
        const keyArn = `${ARN_PREFIX}${String(keys.size + 1).padStart(4, "0")}`;
        const since = { sinceMs: clock.nowMs };
        const key: ModelKey = {
          keyArn,
          material: poolKey(spec, firstKeyNumber + keys.size + 1),
          createdMs: clock.nowMs,
          description,
          states: [{ ...since, value: "Enabled" }],
          tags: [{ ...since, value: tags }],
        };
        keys.set(keyArn, key);
        emit({ by, kind: "created", keyArn });
        const createdAt = seconds(clock.nowMs + skewMs);
        const keyUsage = "SIGN_VERIFY";
        return { keyArn, keySpec: spec, keyUsage, keyState: "Enabled", createdAt, description, deletionAt: undefined };
      },
      listKeys: async () => {
        const view = viewMs();
        return [...keys.values()].filter(({ createdMs }) => createdMs <= view).map(({ keyArn }) => keyArn);
      },
      tagKey: async (keyId, tags) => {
        const key = lasting(keyId);
        set(key.tags, { ...latest(key.tags), ...tags });
        emit({ by, kind: "tagged", keyArn: key.keyArn, tags });
      },
      listTags: async (keyId) => {
        if (clock.nowMs < deniedUntilMs) throw new SealgateError("kms_access_denied", "tags may not be read");
        const tags = seenAt(resolve(keyId, clock.nowMs).tags, viewMs());
        if (tags === undefined) throw notFound();
        return tags;
      },
      disableKey: async (keyId) => {
        const { keyArn, states } = lasting(keyId);
        set(states, "Disabled");
        emit({ by, kind: "disabled", keyArn });
      },
      scheduleKeyDeletion: async (keyId) => {
        const { keyArn, states } = named(keyId);
        set(states, "PendingDeletion");
        emit({ by, kind: "deletion", keyArn });
      },
      createAlias: async (aliasName, targetKeyId) => {
        const versions = aliases.get(aliasName) ?? [];
        if (versions.at(-1)?.value.keyArn !== undefined) {
          emit({ by, kind: "refused" });
          return "exists";
        }
        const { keyArn } = aliasable(targetKeyId);
        const at = seconds(clock.nowMs + skewMs);
        aliases.set(aliasName, versions);
        set<AliasVersion>(versions, { keyArn, createdAt: at, updatedAt: at });
        emit({ by, kind: "alias", aliasName, keyArn, isNew: true });
        return "created";
      },
      updateAlias: async (aliasName, targetKeyId) => {
        const versions = aliases.get(aliasName);
        if (versions?.at(-1)?.value.keyArn === undefined) throw notFound();
        const { keyArn } = aliasable(targetKeyId);
        set(versions, { keyArn, createdAt: latest(versions).createdAt, updatedAt: seconds(clock.nowMs + skewMs) });
        emit({ by, kind: "alias", aliasName, keyArn, isNew: false });
      },
      listAliases: async (prefix) =>
        [...aliases].flatMap(([aliasName, versions]): readonly KmsAlias[] => {
          const alias = aliasName.startsWith(prefix) ? seenAt(versions, viewMs()) : undefined;
          if (alias?.keyArn === undefined) return [];
          const { keyArn, createdAt, updatedAt } = alias;
          return [{ aliasName, targetKeyId: keyArn.slice(ARN_PREFIX.length), createdAt, updatedAt }];
        }),
    };
  }

  const truth: KmsTruth = {
    keys,
    target: (aliasName) => {
      const versions = aliases.get(aliasName);
      return versions === undefined ? undefined : latest(versions).keyArn;
    },
    targetsSince: (aliasName, sinceMs) => since(aliases.get(aliasName) ?? [], sinceMs).map(({ keyArn }) => keyArn),
    state: (keyArn) => latest(keyOf(keyArn).states),
    statesSince: (keyArn, sinceMs) => since(keyOf(keyArn).states, sinceMs),
    tags: (keyArn) => latest(keyOf(keyArn).tags),
    tagsSince: (keyArn, sinceMs) => since(keyOf(keyArn).tags, sinceMs),
    unaliased: () => {
      const targets = new Set([...aliases.values()].map((versions) => latest(versions).keyArn));
      return [...keys.keys()].filter((keyArn) => !targets.has(keyArn));
    },
    onChange: (listener) => void listeners.push(listener),
  };
  return {
    truth,
    client,
    hands: {
      enableKey(keyArn) {
        set(keyOf(keyArn).states, "Enabled");
        emit({ by: "person", kind: "enabled", keyArn });
      },
      cancelDeletion(keyArn) {
        set(keyOf(keyArn).states, "Disabled");
        emit({ by: "person", kind: "disabled", keyArn });
      },
      removeAlias(aliasName) {
        const versions = aliases.get(aliasName) ?? [];
        const { keyArn } = versions.at(-1)?.value ?? {};
        if (keyArn === undefined) return;
        set(versions, { ...latest(versions), keyArn: undefined });
        emit({ by: "person", kind: "alias_removed", aliasName, keyArn });
      },
      removeTags(keyArn, names) {
        const { tags } = keyOf(keyArn);
        set(tags, Object.fromEntries(Object.entries(latest(tags)).filter(([name]) => !names.includes(name))));
      },
      denyTags: (forMs) => void (deniedUntilMs = clock.nowMs + forMs),
    },
  };
}

function seconds(ms: number): EpochSeconds {
  const time = parseEpochSeconds(Math.floor(ms / 1000));
  if (time === undefined) throw new TypeError("a simulated time is a time");
  return time;
}
