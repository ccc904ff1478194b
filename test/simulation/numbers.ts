/**
 * Promise 4, of numbers: each has one key, and each key has one. A rotator goes by aliases, and by tags once people have taken an
 * alias away. Until KMS has to show the tag with the key's kid, a number whose alias is gone cannot be told from a free one.
 */
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { KMS_LAG_MS } from "./facts.ts";
import type { KmsChange } from "./kms-model.ts";

export interface Numbers {
  /** @returns what is wrong with an alias of a generation; undefined for what may be */
  onAlias(change: Extract<KmsChange, { kind: "alias" }>): string | undefined;
  onOther(change: KmsChange): void;
  /** Its number has gone to another key, as it may where people have taken its alias away: it gets none any more. */
  hasLost(keyArn: string): boolean;
}

export function createNumbers(clock: WorldClock, coverage: Coverage): Numbers {
  const keyByAlias = new Map<string, string>();
  const aliasByKey = new Map<string, string>();
  /** Aliases that people have taken away, until they come back. */
  const removed = new Set<string>();
  const kidTaggedMs = new Map<string, number>();
  const lost = new Set<string>();
  return {
    onAlias({ aliasName, keyArn }) {
      const [before = keyArn, own = aliasName] = [keyByAlias.get(aliasName), aliasByKey.get(keyArn)];
      const isUnseen = removed.has(aliasName) && clock.nowMs < (kidTaggedMs.get(before) ?? Infinity) + KMS_LAG_MS;
      const isSecond = before !== keyArn;
      if (isSecond && isUnseen) {
        coverage.count("numbers given again: people took the alias away before it was seen");
        lost.add(before);
      }
      keyByAlias.set(aliasName, keyArn);
      aliasByKey.set(keyArn, aliasName);
      removed.delete(aliasName);
      return own !== aliasName || (isSecond && !isUnseen) ? `${aliasName} ${keyArn}` : undefined;
    },
    onOther(change) {
      if (change.kind === "alias_removed" && change.by === "person") removed.add(change.aliasName);
      const isKidTag = change.kind === "tagged" && change.tags["sealgate:kid"] !== undefined;
      if (isKidTag && !kidTaggedMs.has(change.keyArn)) kidTaggedMs.set(change.keyArn, clock.nowMs);
    },
    hasLost: (keyArn) => lost.has(keyArn),
  };
}
