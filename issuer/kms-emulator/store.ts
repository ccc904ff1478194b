/**
 * The keys and aliases of one account and Region, and the rules that belong to them rather than to one operation: lookup by
 * identifier, delayed visibility, deletion when the waiting period is over, saving after each change. Everything but key
 * generation is synchronous, so each operation is atomic. No wire format.
 */
import type { KeyObject } from "node:crypto";
import { KmsError } from "./errors.ts";
import { EventuallyVisible } from "./eventually-visible.ts";
import { aliasArn, keyArn, parseIdentifier } from "./identifiers.ts";
import type { Place } from "./identifiers.ts";
import type { KeySpec, KeyUsage } from "./keys.ts";

export type KeyStatus =
  | { readonly state: "Enabled" | "Disabled" }
  | { readonly state: "PendingDeletion"; readonly deletionDateMs: number };

export interface NewKey {
  readonly keyId: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly description: string;
  readonly createdAtMs: number;
  readonly material: KeyObject;
  readonly tags: ReadonlyMap<string, string>;
}

export interface Key extends Omit<NewKey, "tags"> {
  readonly arn: string;
  readonly tags: Map<string, string>;
  readonly status: EventuallyVisible<KeyStatus>;
}

export interface Alias {
  readonly name: string;
  readonly targetKeyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** How long readers are told the old state, in milliseconds. Read at the moment of each change. */
export interface VisibilityDelays {
  readonly aliasVisibilityDelayMs: number;
  readonly keyStateVisibilityDelayMs: number;
  readonly newKeyVisibilityDelayMs: number;
}

/** Everything that outlives the process. Changes that are not visible yet are saved as made. */
export interface StoredState extends Place {
  readonly keys: readonly (NewKey & { readonly status: KeyStatus })[];
  readonly aliases: readonly Alias[];
}

export class KmsStore {
  readonly place: Place;
  readonly #keys: Map<string, Key> = new Map();
  readonly #aliases: Map<string, EventuallyVisible<Alias | null>> = new Map();
  readonly #delays: VisibilityDelays;
  readonly #save: (state: StoredState) => void;
  #failed = false;

  /** @param save called with the whole state after each change, before the change is answered; may throw. */
  constructor(initial: StoredState, delays: VisibilityDelays, save: (state: StoredState) => void) {
    this.place = { region: initial.region, accountId: initial.accountId };
    this.#delays = delays;
    this.#save = save;
    for (const { status, ...key } of initial.keys) this.#insert(key, status, -Infinity);
    for (const alias of initial.aliases) this.#aliases.set(alias.name, new EventuallyVisible(alias, -Infinity));
  }

  /** The key a key id or key ARN names. @throws KmsError NotFoundException (for an alias too), InvalidArnException. */
  key(identifier: string, nowMs: number): Key {
    const parsed = parseIdentifier(identifier, this.place);
    if (parsed.kind === "alias") throw new KmsError("NotFoundException", `Invalid keyId '${identifier}'`);
    return this.#visibleKey(parsed.keyId, nowMs);
  }

  /** The key that a key id, key ARN, alias name or alias ARN names at this moment. @throws KmsError like `key`. */
  keyOrAlias(identifier: string, nowMs: number): Key {
    const parsed = parseIdentifier(identifier, this.place);
    if (parsed.kind === "key") return this.#visibleKey(parsed.keyId, nowMs);
    const alias = this.#aliases.get(parsed.name)?.visibleAt(nowMs) ?? undefined;
    if (alias === undefined) throw this.#aliasNotFound(parsed.name);
    return this.#visibleKey(alias.targetKeyId, nowMs);
  }

  keys(nowMs: number): readonly Key[] {
    return [...this.#keys.values()].filter((key) => key.status.visibleAt(nowMs) !== undefined);
  }

  addKey(key: NewKey, nowMs: number): Key {
    const added = this.#insert(key, { state: "Enabled" }, nowMs + this.#delays.newKeyVisibilityDelayMs);
    this.#changed();
    return added;
  }

  setKeyStatus(key: Key, status: KeyStatus, nowMs: number): void {
    key.status.set(status, nowMs, nowMs + this.#delays.keyStateVisibilityDelayMs);
    this.#changed();
  }

  /** Tag changes are visible at once: what KMS delays is their effect on authorization, which is not emulated. */
  setTags(key: Key, tags: ReadonlyMap<string, string>): void {
    key.tags.clear();
    for (const [name, value] of tags) key.tags.set(name, value);
    this.#changed();
  }

  aliases(nowMs: number): readonly Alias[] {
    return [...this.#aliases.values()].flatMap((alias) => alias.visibleAt(nowMs) ?? []);
  }

  /** The alias as the next write will find it, visible or not. @throws KmsError NotFoundException. */
  latestAlias(name: string): Alias {
    const alias = this.#aliases.get(name)?.latest ?? undefined;
    if (alias === undefined) throw this.#aliasNotFound(name);
    return alias;
  }

  countAliasesOf(keyId: string): number {
    return [...this.#aliases.values()].filter(({ latest }) => latest?.targetKeyId === keyId).length;
  }

  /** The target of an alias, even while readers do not see the key yet. */
  targetOf(alias: Alias): Key | undefined {
    return this.#keys.get(alias.targetKeyId);
  }

  /**
   * Reserves a name at once, however late it becomes visible: of two callers exactly one succeeds.
   * @throws KmsError AlreadyExistsException.
   */
  createAlias(alias: Alias, nowMs: number): void {
    const existing = this.#aliases.get(alias.name);
    if (existing !== undefined && existing.latest !== null) {
      const arn = aliasArn(this.place, alias.name);
      throw new KmsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
    }
    const visibleFromMs = nowMs + this.#delays.aliasVisibilityDelayMs;
    if (existing === undefined)
      this.#aliases.set(alias.name, new EventuallyVisible<Alias | null>(alias, visibleFromMs));
    else existing.set(alias, nowMs, visibleFromMs);
    this.#changed();
  }

  /** Moves an existing alias, or removes it with null. */
  changeAlias(name: string, alias: Alias | null, nowMs: number): void {
    const existing = this.#aliases.get(name);
    if (existing === undefined || existing.latest === null) throw this.#aliasNotFound(name);
    existing.set(alias, nowMs, nowMs + this.#delays.aliasVisibilityDelayMs);
    this.#changed();
  }

  /** Removes the keys whose waiting period is over, with their aliases, as KMS does. Called before each operation. */
  deleteDueKeys(nowMs: number): void {
    const due = [...this.#keys.values()].filter(
      ({ status: { latest } }) => latest.state === "PendingDeletion" && latest.deletionDateMs <= nowMs,
    );
    if (due.length === 0) return;
    for (const { keyId } of due) {
      this.#keys.delete(keyId);
      for (const [name, alias] of this.#aliases) if (alias.latest?.targetKeyId === keyId) this.#aliases.delete(name);
    }
    this.#changed();
  }

  /** @throws KmsError KMSInternalException once a change could not be saved: memory and file no longer agree. */
  assertSaved(): void {
    if (!this.#failed) return;
    throw new KmsError("KMSInternalException", "The emulator's state file could not be written; restart the emulator.");
  }

  #insert({ tags, ...key }: NewKey, status: KeyStatus, visibleFromMs: number): Key {
    const inserted: Key = {
      ...key,
      arn: keyArn(this.place, key.keyId),
      tags: new Map(tags),
      status: new EventuallyVisible(status, visibleFromMs),
    };
    this.#keys.set(key.keyId, inserted);
    return inserted;
  }

  #visibleKey(keyId: string, nowMs: number): Key {
    const key = this.#keys.get(keyId);
    if (key === undefined || key.status.visibleAt(nowMs) === undefined) {
      throw new KmsError("NotFoundException", `Key '${keyArn(this.place, keyId)}' does not exist`);
    }
    return key;
  }

  #aliasNotFound(name: string): KmsError {
    return new KmsError("NotFoundException", `Alias ${aliasArn(this.place, name)} is not found.`);
  }

  #changed(): void {
    this.#failed = true;
    this.#save({
      ...this.place,
      keys: [...this.#keys.values()].map((key) => ({ ...key, status: key.status.latest })),
      aliases: [...this.#aliases.values()].flatMap(({ latest }) => latest ?? []),
    });
    this.#failed = false;
  }
}
