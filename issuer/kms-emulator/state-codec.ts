/**
 * The emulator's state as JSON and back, checked on the way in: every member's type, and that each key's material is of the
 * spec it claims. No I/O.
 */
import { createPrivateKey, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject, JsonValue } from "../../shared/json.ts";
import { KEY_SPECS, KEY_SPEC_TABLE, KEY_USAGES } from "./keys.ts";
import type { Alias, KeyStatus, StoredState } from "./store.ts";

/** The state as JSON. Private keys as PKCS#8 DER, secret keys as their bytes, both in base64. */
export function encodeState({ region, accountId, keys, aliases }: StoredState): JsonObject {
  return {
    region,
    accountId,
    keys: keys.map(({ keyId, spec, usage, description, createdAtMs, material, tags, status }) => ({
      keyId,
      spec,
      usage,
      description,
      createdAtMs,
      material: exportMaterial(material),
      tags: [...tags],
      status: { ...status },
    })),
    aliases: aliases.map((alias) => ({ ...alias })),
  };
}

function exportMaterial(key: KeyObject): string {
  const bytes = key.type === "private" ? key.export({ format: "der", type: "pkcs8" }) : key.export();
  return bytes.toString("base64");
}

/**
 * The reverse of `encodeState`.
 * @throws TypeError (or node:crypto's error) for anything that `encodeState` would not have written.
 */
export function decodeState(state: JsonObject): StoredState {
  return {
    region: text(state["region"]),
    accountId: text(state["accountId"]),
    keys: list(state["keys"]).map((entry) => decodeKey(object(entry))),
    aliases: list(state["aliases"]).map((entry) => decodeAlias(object(entry))),
  };
}

function decodeKey(entry: JsonObject): StoredState["keys"][number] {
  const spec = oneOf(KEY_SPECS, entry["spec"]);
  const row = KEY_SPEC_TABLE[spec];
  const usage = oneOf(KEY_USAGES, entry["usage"]);
  const bytes = Buffer.from(text(entry["material"]), "base64");
  const material =
    row.kind === "asymmetric" ? createPrivateKey({ key: bytes, format: "der", type: "pkcs8" }) : createSecretKey(bytes);
  if (!row.matches(material) || !row.algorithms.has(usage)) throw new TypeError("key material does not fit its spec");
  return {
    keyId: text(entry["keyId"]),
    spec,
    usage,
    description: text(entry["description"]),
    createdAtMs: number(entry["createdAtMs"]),
    material,
    tags: new Map(list(entry["tags"]).map((pair) => [text(list(pair)[0]), text(list(pair)[1])])),
    status: decodeStatus(object(entry["status"])),
  };
}

function decodeStatus(status: JsonObject): KeyStatus {
  const state = oneOf(["Enabled", "Disabled", "PendingDeletion"] as const, status["state"]);
  return state === "PendingDeletion" ? { state, deletionDateMs: number(status["deletionDateMs"]) } : { state };
}

function decodeAlias(entry: JsonObject): Alias {
  return {
    name: text(entry["name"]),
    targetKeyId: text(entry["targetKeyId"]),
    createdAtMs: number(entry["createdAtMs"]),
    updatedAtMs: number(entry["updatedAtMs"]),
  };
}

function text(value: JsonValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("expected a string");
  return value;
}

function number(value: JsonValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("expected a number");
  return value;
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new TypeError("expected a list");
  return value;
}

function object(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new TypeError("expected an object");
  return value;
}

function oneOf<Name extends string>(names: readonly Name[], value: JsonValue | undefined): Name {
  const name = names.find((candidate) => candidate === value);
  if (name === undefined) throw new TypeError("unknown name");
  return name;
}
