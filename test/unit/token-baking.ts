/** Makes the token of a recipe: the second half of the grammar in token-grammar.ts. */
import { encodeBase64url } from "../../shared/base64url.ts";
import { GOOD_CLAIMS } from "../support/claims-samples.ts";
import { signWith } from "../support/forge.ts";
import type { TestKey } from "../support/key-sets.ts";
import { given, utf8 } from "../support/values.ts";
import type { MemberEdit, Recipe, Spelling, TextShape, TokenEdit } from "./token-grammar.ts";

/** The token of a recipe. `strangers` are keys of the same algorithms that no verifier knows. */
export async function bake(recipe: Recipe, keys: readonly TestKey[], strangers: readonly TestKey[]): Promise<string> {
  const key = given(keys[recipe.key]);
  const kids = keys.map(({ kid }) => kid);
  const good = { alg: key.alg, kid: key.kid, typ: "JWT" };
  const headerText = shape(applyEdits(good, recipe.header, kids), recipe.headerText);
  const payloadText = shape(applyEdits(GOOD_CLAIMS, recipe.claims, kids), recipe.payloadText);
  const header = respell(encode(headerText), recipe.headerSpelling);
  const payload = respell(encode(payloadText), recipe.payloadSpelling);
  const stale = `${encode(JSON.stringify(good))}.${encode(JSON.stringify(GOOD_CLAIMS))}`;
  const signedText = recipe.signer === "stale" ? stale : `${header}.${payload}`;
  const signer = recipe.signer === "stranger" ? given(strangers[recipe.key]) : key;
  const signature = respell(encodeBase64url(await signWith(signer)(utf8(signedText))), recipe.signatureSpelling);
  return recipe.token.reduce(applyTokenEdit, `${header}.${payload}.${signature}`);
}

function applyEdits(object: object, edits: readonly MemberEdit[], kids: readonly string[]): string {
  let members = Object.entries(object).map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)] as const);
  for (const { how, name, json } of edits) {
    const plain = JSON.stringify(name);
    const value = json.startsWith("KID ") ? JSON.stringify(kids[Number(json.slice(4))]) : json;
    const others = members.filter(([other]) => other !== plain);
    const escaped = `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`;
    if (how === "replace") members = [...others, [plain, value]];
    else if (how === "remove") members = others;
    else members = [...members, [how === "append" ? plain : escaped, value]];
  }
  return `{${members.map(([name, value]) => `${name}:${value}`).join(",")}}`;
}

function shape(text: string, how: TextShape): string | Uint8Array {
  const open = text.slice(0, -1);
  switch (how) {
    case "plain":
      return text;
    case "spaced":
      return ` \n${text}\t`;
    case "bom":
      return `\ufeff${text}`;
    case "trailing":
      return `${text}{}`;
    case "array":
      return `[${text}]`;
    case "truncated":
      return open;
    case "deep":
      return `${open},"deep":${"[".repeat(40)}${"]".repeat(40)}}`;
    case "not_utf8":
      return Uint8Array.of(...utf8(`${open},"bytes":"`), 0xff, ...utf8('"}'));
    case "empty":
      return "";
    case "comma":
      return `${open},}`;
    // Another length, so that each segment comes with and without unused bits.
    case "pad1":
      return `${text} `;
    case "pad2":
      return `${text}  `;
  }
}

function respell(segment: string, spelling: Spelling): string {
  switch (spelling) {
    case "canonical":
      return segment;
    case "unused_bits":
      return segment.slice(0, -1) + nextLetter(segment.slice(-1));
    case "padded":
      return segment + "=".repeat(-segment.length & 3);
    case "plain_alphabet":
      return segment.replaceAll("-", "+").replaceAll("_", "/");
    case "spaced":
      return `${segment.slice(0, 4)}\n${segment.slice(4)}`;
  }
}

function encode(content: string | Uint8Array): string {
  return encodeBase64url(typeof content === "string" ? utf8(content) : content);
}

function applyTokenEdit(token: string, { how, at, text, spelling }: TokenEdit): string {
  const index = Math.floor(at * token.length);
  const parts = token.split(".");
  const part = Math.floor(at * parts.length);
  switch (how) {
    case "insert":
      return token.slice(0, index) + text + token.slice(index);
    case "replace":
      return token.slice(0, index) + text + token.slice(index + 1);
    case "delete":
      return token.slice(0, index) + token.slice(index + 1);
    case "respell":
      return parts.with(part, respell(parts[part] ?? "", spelling)).join(".");
    case "add_segment":
      return parts.toSpliced(part, 0, text).join(".");
    case "drop_segment":
      return parts.toSpliced(part, 1).join(".");
    case "flip_bit":
      return token.slice(0, index) + String.fromCharCode(token.charCodeAt(index) ^ 1) + token.slice(index + 1);
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The letter whose value is one more: it differs in the last bit, which may be unused. */
function nextLetter(letter: string): string {
  return ALPHABET.charAt((ALPHABET.indexOf(letter) ^ 1) & 63);
}
