/** Whether the issuer's variables and the Worker's say the same. Pure. */
import { isJsonObject } from "../../../shared/json.ts";
import { isRev } from "../../../shared/key-set.ts";
import { DEFAULT_RING, valueOf } from "../../config/environment.ts";
import type { Environment } from "../../config/environment.ts";
import { fine, rowsOr, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { textOf, textVar, varsOf } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

/** The names in RING; one, unless the Worker takes the rings of several Regions. */
export function ringsOf({ vars }: Pick<WorkerConfig, "vars">): readonly string[] {
  const value: unknown = vars["RING"];
  return Array.isArray(value) && value.length > 0 ? value.map((name) => textOf(name)) : ringsIn(textOf(value));
}

/** @param text of RING or SEALGATE_RING: names, separated by commas */
export function ringsIn(text: string): readonly string[] {
  return text === "" ? [DEFAULT_RING] : text.split(",").map((name) => name.trim());
}

/** How the gateway names a variable that says something of each ring. */
export function nameForRing(config: Pick<WorkerConfig, "vars">, variable: string, ring: string): string {
  return ringsOf(config).length > 1 ? `${variable}.${ring}` : variable;
}

/** What to do about root keys that are missing or wrong. `ring anchors` prints a line for TOML, with the array of one ring. */
export function anchorsRepair(config: WorkerConfig): string {
  const where = varsOf(config);
  const rings = ringsOf(config);
  if (rings.length > 1) {
    return `Run sealgate ring anchors --ring <ring> for each of ${rings.join(", ")}, and make TRUST_ANCHORS in ${where} an object from ring to the array that it prints.`;
  }
  return config.isJson
    ? `Run sealgate ring anchors, and make TRUST_ANCHORS in ${where} the array that it prints.`
    : `Run sealgate ring anchors, and put the line that it prints into ${where}.`;
}

/** The JWKs that the Worker pins for a ring; empty when there are none, or TRUST_ANCHORS cannot be read. */
export function anchorsFor({ vars }: Pick<WorkerConfig, "vars">, ring: string): readonly unknown[] {
  const value = parsed(vars["TRUST_ANCHORS"]);
  const anchors: unknown = isJsonObject(value) ? value[ring] : value;
  return Array.isArray(anchors) ? anchors : [];
}

/** The lowest rev that the Worker takes of a ring; 1 when there is no floor, or MIN_REV cannot be read. */
export function minRevFor({ vars }: Pick<WorkerConfig, "vars">, ring: string): number {
  const value = parsed(vars["MIN_REV"]);
  const rev = Number(isJsonObject(value) ? value[ring] : value);
  return isRev(rev) ? rev : 1;
}

function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return undefined;
  }
}

export function agreementRows(env: Environment, config: WorkerConfig): readonly CheckRow[] {
  const where = varsOf(config);
  const rows: CheckRow[] = [];
  const compare = (variable: string, of: string, agrees: (value: string) => boolean, shown: string): boolean => {
    const value = valueOf(env, variable);
    if (value !== undefined && !agrees(value)) {
      const message = `${variable} is ${value}, and ${of} of the Worker is ${shown === "" ? "not set" : shown}: it would refuse every token.`;
      rows.push(wrong("issuer", message, `Make ${variable} and ${of} in ${where} the same.`, variable));
    }
    return value !== undefined;
  };
  const issuer = textVar(config, "ISSUER");
  const rings = ringsOf(config);
  const compared = [
    compare("SEALGATE_ISSUER", "ISSUER", (value) => value === issuer, issuer),
    compare("SEALGATE_RING", "RING", (value) => ringsIn(value).every((name) => rings.includes(name)), rings.join(",")),
    compareNamespace(env, config, rows),
  ];
  if (!compared.includes(true))
    return [
      skipped(
        "issuer",
        "No variable of the issuer is set here (SEALGATE_ISSUER, SEALGATE_RING, SEALGATE_KV_NAMESPACE_ID).",
      ),
    ];
  return rowsOr(rows, fine("issuer", "The issuer's variables here are those of the Worker."));
}

function compareNamespace(env: Environment, { namespaceId }: WorkerConfig, rows: CheckRow[]): boolean {
  const variable = "SEALGATE_KV_NAMESPACE_ID";
  const value = valueOf(env, variable);
  if (value !== undefined && namespaceId !== undefined && value !== namespaceId) {
    const message = `The issuer publishes into the KV namespace ${value}, and the Worker reads ${namespaceId === "" ? "one without an id" : namespaceId}.`;
    rows.push(wrong("issuer", message, `Make ${variable} and the id of KEY_SETS the same.`, variable));
  }
  return value !== undefined;
}
