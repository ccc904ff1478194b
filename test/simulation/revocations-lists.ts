/** What the texts that were ever written under a list's key say, as far as the judge needs it. Signatures are not looked at here. */
import { cutAt, findEntry, parseBody } from "../../shared/revocations/sections.ts";
import type { RevocationSections } from "../../shared/revocations/sections.ts";
import { parseRevocationsHead } from "../../shared/revocations/signed-list.ts";
import type { RevocationListHead } from "../../shared/revocations/signed-list.ts";
import { parseJsonObject } from "../../shared/json.ts";
import type { StoredRevocation } from "../../issuer/revocations/entry.ts";

export interface SeenList extends RevocationListHead {
  readonly sections: RevocationSections;
}

const seen = new Map<string, SeenList | undefined>();
const MOST_KEPT = 500;

/** @returns undefined for what is no list */
export function listIn(text: string | undefined): SeenList | undefined {
  if (text === undefined) return undefined;
  if (!seen.has(text)) {
    if (seen.size > MOST_KEPT) seen.clear();
    seen.set(text, read(text));
  }
  return seen.get(text);
}

function read(text: string): SeenList | undefined {
  const [line = "", body] = text.split("\n");
  const payload = parseJsonObject(Buffer.from(line.split(".")[1] ?? "", "base64url"));
  const head = payload.ok ? parseRevocationsHead(payload.value) : undefined;
  if (head?.ok !== true || body === undefined) return undefined;
  const sections = parseBody(body, head.value.counts);
  return sections && { ...head.value, sections };
}

/** Whether a list refuses what the entry takes back. */
export function isNamed({ sections }: SeenList, entry: StoredRevocation): boolean {
  const at = findEntry(sections, entry.kind, entry.prefix);
  return at !== undefined && (!("cut" in entry) || cutAt(sections, at) >= entry.cut);
}

/** `least_rev` of a key set document. */
export function leastRevIn(text: string | undefined): number | undefined {
  const payload = parseJsonObject(Buffer.from(text?.split(".")[1] ?? "", "base64url"));
  const revocations: unknown = payload.ok ? payload.value["revocations"] : undefined;
  const least: unknown =
    typeof revocations === "object" && revocations !== null ? Reflect.get(revocations, "least_rev") : undefined;
  return typeof least === "number" ? least : undefined;
}
