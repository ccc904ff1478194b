/**
 * Claims as a caller's program holds them, taken over as plain JSON or refused. JSON.stringify is too obliging for something
 * that is signed: it drops undefined and functions, turns NaN into null and dates into strings, and calls toJSON. Here what
 * is signed is what was passed, or nothing is signed. Pure; says where a value is refused and why, never what it was.
 */
import { MAX_JSON_DEPTH, isJsonObject } from "../shared/json.ts";
import type { JsonObject, JsonValue } from "../shared/json.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";

/** Where a value is not plain JSON, and the rule that it breaks. */
export interface JsonRefusal {
  /** "address.lines[2]"; empty for the claims themselves. */
  readonly path: string;
  readonly rule: string;
}

/** More values than fit into the largest token; ends the walk through a structure that refers to itself in many ways. */
const MAX_VALUES = 20_000;

/** Names and positions on the way to a value. */
type Path = readonly (string | number)[];

interface Walk {
  values: number;
  /** The objects that the current value lies in. */
  readonly within: object[];
}

/** Thrown and caught within this file only: a refusal deep inside a structure ends the whole walk. */
class Refused extends Error {
  readonly refusal: JsonRefusal;
  constructor(path: Path, rule: string) {
    super(rule);
    this.refusal = { path: printPath(path), rule };
  }
}

/**
 * Copies an object of plain JSON values: strings of well-formed Unicode, finite numbers, booleans, null, arrays without
 * holes, and objects made by a literal, JSON.parse or Object.create(null) whose members are all enumerable data.
 *
 * The copy shares nothing with the original and has no prototype: what is checked is what is later written, even if the
 * original changes or has getters.
 */
export function takePlainJson(value: unknown): Result<JsonObject, JsonRefusal> {
  try {
    const copy = takeValue(value, [], { values: 0, within: [] });
    return isJsonObject(copy) ? ok(copy) : err({ path: "", rule: "must be an object" });
  } catch (error) {
    if (error instanceof Refused) return err(error.refusal);
    throw error;
  }
}

function takeValue(value: unknown, path: Path, walk: Walk): JsonValue {
  walk.values += 1;
  if (walk.values > MAX_VALUES) throw new Refused([], `must hold at most ${MAX_VALUES} values`);
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new Refused(path, "must be well-formed Unicode");
      return value;
    case "number":
      return takeNumber(value, path);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : takeObject(value, path, walk);
    case "undefined":
    case "bigint":
    case "function":
    case "symbol":
      throw new Refused(path, `must be a JSON value, not ${typeof value}`);
  }
}

/** What JSON numbers do not carry, or what readers with another number type read as another value (RFC 7493 section 2.2). */
function takeNumber(value: number, path: Path): number {
  if (!Number.isFinite(value)) throw new Refused(path, "must be a finite number");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Refused(path, "must be an integer between -(2^53 - 1) and 2^53 - 1; pass a longer one as a string");
  }
  if (Object.is(value, -0)) throw new Refused(path, "must not be -0, which JSON.stringify writes as 0");
  return value;
}

function takeObject(object: object, path: Path, walk: Walk): JsonValue {
  if (walk.within.includes(object)) throw new Refused(path, "must not refer to an object that it lies in");
  if (walk.within.length === MAX_JSON_DEPTH)
    throw new Refused(path, `must not be nested deeper than ${MAX_JSON_DEPTH}`);
  walk.within.push(object);
  const copy = Array.isArray(object) ? takeArray(object, path, walk) : takeMembers(object, path, walk);
  walk.within.pop();
  return copy;
}

function takeArray(array: readonly unknown[], path: Path, walk: Walk): readonly JsonValue[] {
  const { length } = array;
  if (length > MAX_VALUES) throw new Refused(path, `must hold at most ${MAX_VALUES} values`);
  const items: JsonValue[] = [];
  for (let index = 0; index < length; index += 1) {
    items.push(takeValue(dataMember(array, String(index), [...path, index]), [...path, index], walk));
  }
  // The indices and "length".
  if (Reflect.ownKeys(array).length !== length + 1) throw new Refused(path, "must be an array without other members");
  return items;
}

function takeMembers(object: object, path: Path, walk: Walk): JsonObject {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && !isObjectPrototype(prototype)) throw new Refused(path, "must be a plain object");
  const copy: Record<string, JsonValue> = Object.create(null);
  for (const name of Reflect.ownKeys(object)) {
    if (typeof name === "symbol") throw new Refused(path, "must not have symbols as names");
    const memberPath = [...path, name];
    if (!name.isWellFormed()) throw new Refused(path, "must have names of well-formed Unicode");
    // JSON.parse makes a member of it, most other code a prototype.
    if (name === "__proto__") throw new Refused(memberPath, "is not a usable name");
    copy[name] = takeValue(dataMember(object, name, memberPath), memberPath, walk);
  }
  return copy;
}

/** Reads a member once, without running code of the object's. */
function dataMember(object: object, name: string, path: Path): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  if (descriptor === undefined) throw new Refused(path, "must not be left out of the array");
  if (descriptor.enumerable !== true || !("value" in descriptor)) {
    throw new Refused(path, "must be an ordinary member, neither hidden nor computed");
  }
  const value: unknown = descriptor.value;
  return value;
}

/** Object.prototype of this realm or another (a vm context, a test runner): the only prototype with hasOwnProperty of its own. */
function isObjectPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === "object" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "hasOwnProperty")
  );
}

/** At most this much of a path is shown. */
const MAX_PATH_LENGTH = 120;

function printPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text.length > MAX_PATH_LENGTH ? `${text.slice(0, MAX_PATH_LENGTH)}…` : text;
}
