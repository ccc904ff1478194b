/**
 * A grammar of tokens that are nearly good: a good token of some algorithm, changed at any level, from a single character
 * to a claim that is signed as it should be. Used to compare verifiers with each other, so it knows nothing of verdicts.
 */
import * as fc from "fast-check";
import { ALGS } from "../../shared/algorithms.ts";
import { given } from "../support/values.ts";
import { NOW } from "../support/claims-samples.ts";

/** How one token is made; plain data, so that fast-check can shrink and print it. */
export interface Recipe {
  /** Which of the keys signs. */
  readonly key: number;
  readonly header: readonly MemberEdit[];
  readonly claims: readonly MemberEdit[];
  readonly headerText: TextShape;
  readonly payloadText: TextShape;
  /** How the segments are spelt in base64url; that of header and payload is signed. */
  readonly headerSpelling: Spelling;
  readonly payloadSpelling: Spelling;
  readonly signatureSpelling: Spelling;
  /** `stale`: the signature of the unchanged token. `stranger`: another key of the same algorithm. */
  readonly signer: "own" | "stale" | "stranger";
  readonly token: readonly TokenEdit[];
}

export type MemberEdit = {
  readonly how: "replace" | "remove" | "append" | "append_escaped";
  readonly name: string;
  /** JSON text, so that a number may be written in any way. `KID n` stands for the kid of key n. */
  readonly json: string;
};

export type TextShape =
  | "plain"
  | "spaced"
  | "bom"
  | "trailing"
  | "array"
  | "truncated"
  | "deep"
  | "not_utf8"
  | "empty"
  | "comma"
  | "pad1"
  | "pad2";

export type Spelling = "canonical" | "unused_bits" | "padded" | "plain_alphabet" | "spaced";

export type TokenEdit = {
  readonly how: "insert" | "replace" | "delete" | "respell" | "add_segment" | "drop_segment" | "flip_bit";
  /** Where, as a fraction of the length. */
  readonly at: number;
  readonly text: string;
  readonly spelling: Spelling;
};

const time = (offset: number): string => String(NOW + offset);
const TIMES = [
  ...[-86_400, -3700, -3001, -61, -60, -59, -1, 0, 1, 59, 60, 61, 600, 3590, 3591, 3660, 3661, 1e6].map(time),
  `${NOW - 60}.001`,
  `${NOW + 60}.5`,
  "0",
  "-1",
  "-0.5",
  "-1e999",
  "1e999",
  "1.8000006e9",
  "8640000000000",
  "8640000000001",
  "1e18",
  `"${NOW}"`,
  "null",
  "true",
  "[]",
  "{}",
];
const OTHERS = ["null", "1", "true", '""', '"x"', "[]", "{}", '["x"]'];

const HEADER_VALUES: { readonly [name: string]: readonly string[] } = {
  alg: [...ALGS, "Ed25519", "none", "HS256", "rs256", "ES256K"].map((alg) => `"${alg}"`).concat(OTHERS),
  kid: ["KID 0", "KID 1", "KID 2", "KID 3", "KID 4", '"unknown"', '"a b"', '"constructor"', ...OTHERS],
  typ: ['"JWT"', '"jwt"', '"at+jwt"', '"application/at+JWT"', '"logout+jwt"', '"jwk-set+jwt"', ...OTHERS],
  crit: ['["exp"]', '["b64"]', "[]", ...OTHERS],
  b64: ["true", "false", ...OTHERS],
  jwk: ['{"kty":"oct","k":"AAAA"}', ...OTHERS],
  jku: ['"https://attacker.example/jwks.json"', ...OTHERS],
  cty: ['"JWT"', ...OTHERS],
};

const CLAIM_VALUES: { readonly [name: string]: readonly string[] } = {
  iss: ['"https://auth.example.com"', '"https://auth.example.com/"', '"https://attacker.example"', ...OTHERS],
  aud: [
    '"orders"',
    '"reports"',
    '["orders"]',
    '["x","orders"]',
    '["orders",1]',
    '["orders",null]',
    '"orders "',
    '{"0":"orders"}',
    ...OTHERS,
  ],
  exp: TIMES,
  nbf: TIMES,
  iat: TIMES,
  sub: OTHERS,
  jti: OTHERS,
  scope: ['"read"', ...OTHERS],
};

function edits(values: { readonly [name: string]: readonly string[] }): fc.Arbitrary<MemberEdit> {
  return fc.constantFrom(...Object.keys(values)).chain((name) =>
    fc.record({
      how: fc.constantFrom("replace", "replace", "replace", "replace", "remove", "append", "append_escaped"),
      name: fc.constant(name),
      json: fc.constantFrom(...given(values[name])),
    }),
  );
}

/** `weight` times out of ten nothing is changed, so that most tokens have only one or two defects. */
function seldom<Value>(weight: number, usual: Value, changed: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 10 - weight, arbitrary: changed });
}

const shapes = seldom<TextShape>(
  9,
  "plain",
  fc.constantFrom(
    "spaced",
    "bom",
    "trailing",
    "array",
    "truncated",
    "deep",
    "not_utf8",
    "empty",
    "comma",
    "pad1",
    "pad2",
  ),
);

const spellings = fc.constantFrom<Spelling>("unused_bits", "padded", "plain_alphabet", "spaced");

const tokenEdits = fc.record({
  how: fc.constantFrom("insert", "replace", "delete", "respell", "respell", "add_segment", "drop_segment", "flip_bit"),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  text: fc.constantFrom("A", "z", "_", "-", "+", "/", "=", ".", " ", "\n", "\0", "é", "Ａ", "~"),
  spelling: spellings,
});

/** RFC 7797 with a payload that is encoded after all: the one extension that some verifiers understand. */
const encodedPayload: readonly MemberEdit[] = [
  { how: "replace", name: "b64", json: "true" },
  { how: "replace", name: "crit", json: '["b64"]' },
];

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  key: fc.nat({ max: 4 }),
  header: seldom(
    6,
    [],
    fc.oneof(
      { weight: 20, arbitrary: fc.array(edits(HEADER_VALUES), { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.constant(encodedPayload) },
    ),
  ),
  claims: seldom(4, [], fc.array(edits(CLAIM_VALUES), { minLength: 1, maxLength: 3 })),
  headerText: shapes,
  payloadText: shapes,
  headerSpelling: seldom<Spelling>(9, "canonical", spellings),
  payloadSpelling: seldom<Spelling>(9, "canonical", spellings),
  signatureSpelling: seldom<Spelling>(9, "canonical", spellings),
  signer: seldom<Recipe["signer"]>(9, "own", fc.constantFrom("stale", "stranger")),
  token: seldom<readonly TokenEdit[]>(7, [], fc.array(tokenEdits, { minLength: 1, maxLength: 2 })),
});
