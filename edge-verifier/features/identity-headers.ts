/**
 * The feature `identityHeaders`: other headers than the default ones tell the origin about the caller
 * (`IDENTITY_HEADERS`). How their values are made is in http/identity.ts.
 */
import { isJsonObject } from "../../shared/json.ts";
import { readJson } from "../config/values.ts";
import type { Report } from "../config/config.ts";
import type { Feature } from "../request/hooks.ts";
import { scalarText } from "../http/identity.ts";
import type { IdentityHeader } from "../http/identity.ts";
import { isIdentityHeaderName } from "../http/request-headers.ts";

const MAX_IDENTITY_HEADERS = 16;

export const identityHeaders: Feature = {
  name: "identityHeaders",
  read({ env, report }) {
    const value = env["IDENTITY_HEADERS"];
    return value === undefined ? {} : { identityHeaders: readIdentityHeaders(value, report) };
  },
};

/** `{"x-user-id": "sub", "x-plan": ["subscription", "plan"], "x-roles": {"list": "roles"}}`, as JSON text or as a JSON variable. */
function readIdentityHeaders(value: unknown, report: Report): readonly IdentityHeader[] {
  const variable = "IDENTITY_HEADERS";
  const headers: IdentityHeader[] = [];
  const object = readJson(value);
  if (!isJsonObject(object) || Object.keys(object).length > MAX_IDENTITY_HEADERS) {
    report(variable, `must be a JSON object of at most ${MAX_IDENTITY_HEADERS} header names`);
    return headers;
  }
  for (const [key, source] of Object.entries(object)) {
    const name = key.toLowerCase();
    const isList = isJsonObject(source) && Object.keys(source).join(",") === "list";
    const path = readClaimPath(isList ? source["list"] : source);
    if (!isIdentityHeaderName(name)) report(variable, `[${key}] is a name that cannot speak for the caller`);
    else if (headers.some((one) => one.name === name)) report(variable, `[${key}] stands there twice`);
    else if (path === undefined)
      report(
        variable,
        `[${key}] must be a claim's name, or a list of names, one below the other; or {"list": …} of one`,
      );
    else if (isList && path.join(" ") === "scope") report(variable, `[${key}] is text: "scope" without "list"`);
    else headers.push(isList ? { name, path, textOf: listText } : { name, path });
  }
  return headers;
}

function readClaimPath(source: unknown): readonly string[] | undefined {
  const path: unknown[] = Array.isArray(source) ? source : [source];
  const names = path.filter((name): name is string => typeof name === "string" && name !== "");
  return path.length > 0 && names.length === path.length ? names : undefined;
}

/** What an origin that splits the header at its commas, and trims the parts, would take for something else. */
const UNCLEAR = /^$|,|^\s|\s$/;

/**
 * The elements of an array with commas between them; a scalar is a list of one, so that `"a,b"` cannot pass for two.
 * @returns null where elements cannot be told apart: a comma or outer white space in one, an empty one, kinds that differ (1 and
 *   "1"), objects, and numbers that have lost their last digits
 */
export function listText(value: unknown): string | null | undefined {
  if (value === undefined || value === null || isJsonObject(value)) return undefined;
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  const kinds = new Set(elements.map((element) => typeof element));
  const texts = elements.map(scalarText);
  return kinds.size > 1 || texts.some((text) => text === undefined || UNCLEAR.test(text)) ? null : texts.join(",");
}
