/** Variables that are misspelt, and values that the Worker takes and that cannot be meant. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { CheckRow } from "../../../../../issuer/cli/check/row.ts";
import { checkVariables, GATEWAY_VARIABLES } from "../../../../../issuer/cli/check/variables.ts";
import { ANCHORS, GOOD, withVars, workerConfig } from "./support.ts";

const NOW_MS = Date.UTC(2026, 10, 28);

const wrongIn = (vars: Readonly<Record<string, string | undefined>>, changes: object = {}): readonly CheckRow[] =>
  checkVariables(workerConfig({ ...withVars(vars), ...changes }), NOW_MS).filter(({ status }) => status === "wrong");

test("the names are those of docs/gateway.md", async () => {
  const page = await readFile(new URL("../../../../../docs/gateway.md", import.meta.url), "utf8");
  const cells = [...page.matchAll(/^\|(?: `\w+`, [\w.-]+)? +\|? ?(`[A-Z].*?) \|/gm)].map(([, cell = ""]) => cell);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name = ""]) => name));
  expect([...new Set(names)].toSorted()).toEqual(GATEWAY_VARIABLES);
});

describe("a misspelt name", () => {
  test.each([
    ["FORWARD_AUTHORISATION", "FORWARD_AUTHORIZATION"],
    ["REVOCATION", "REVOCATIONS"],
    ["ORIGIN_TIMEOUT", "ORIGIN_TIMEOUT_SECONDS"],
    ["ORIGIN_URI", "ORIGIN_URL"],
    ["TOKEN_ALG", "TOKEN_ALGS"],
    ["min_rev", "MIN_REV"],
    ["HSTS-MAX-AGE-SECONDS", "HSTS_MAX_AGE_SECONDS"],
  ])("%s for %s is named, with what may be meant", (name, meant) => {
    expect(wrongIn({ [name]: "1", [meant]: undefined })).toEqual([
      {
        check: "variables",
        status: "wrong",
        message: `${name} is no variable of the gateway, which does not look at it.`,
        variable: name,
        repair: `If ${meant} is meant, call it so in [env.production.vars].`,
      },
    ]);
  });

  test("is not seen in the owner's own names, in origins that rules name, or beside the right one", () => {
    for (const name of ["MY_SETTING", "LOG_LEVEL", "ORIGIN_BILLING", "ORIGIN_URL_OLD_SHOP", "ISSUERS"])
      expect(wrongIn({ [name]: "x" })).toEqual([]);
  });
});

describe("a value that cannot be meant", () => {
  const variables = (rows: readonly CheckRow[]): readonly (string | undefined)[] =>
    rows.map(({ variable }) => variable);

  test("an audience as JSON", () => {
    expect(variables(wrongIn({ AUDIENCE: '["https://api.acme.dev"]' }))).toEqual(["AUDIENCE"]);
    expect(wrongIn({ AUDIENCE: "https://api.acme.dev, urn:x" })).toEqual([]);
  });

  test("a root key that is pinned twice", () => {
    const [anchor] = JSON.parse(ANCHORS) as readonly unknown[];
    expect(variables(wrongIn({ TRUST_ANCHORS: JSON.stringify([anchor, anchor]) }))).toEqual(["TRUST_ANCHORS"]);
    expect(wrongIn({ TRUST_ANCHORS: JSON.stringify([anchor]) })).toEqual([]);
  });

  test.each([
    ["1795827899", "is lower than any rev"],
    ["9007199254740991", "is a rev of the future"],
  ])("MIN_REV %s %s", (rev, why) => {
    const [row, ...others] = wrongIn({ MIN_REV: rev });
    expect(row?.message).toContain(`MIN_REV ${why}`);
    expect(others).toEqual([]);
  });

  test("a floor of a ring that is one is taken, as is no floor", () => {
    expect(wrongIn({ MIN_REV: "1795827899162545" })).toEqual([]);
    expect(wrongIn({ MIN_REV: "1" })).toEqual([]);
  });

  test("of several rings, each is named with its ring", () => {
    const [anchor] = JSON.parse(ANCHORS) as readonly unknown[];
    const TRUST_ANCHORS = JSON.stringify({ main: [anchor], west: [anchor, anchor] });
    const found = wrongIn({ RING: "main,west", TRUST_ANCHORS, MIN_REV: '{"west":5}' });
    expect(variables(found)).toEqual(["TRUST_ANCHORS.west", "MIN_REV.west"]);
  });

  test("an origin that is the gateway's own custom domain; behind a route there is a server of that name", () => {
    const vars = { ORIGIN_URL: "https://API.acme.dev/v1" };
    expect(variables(wrongIn(vars))).toEqual(["ORIGIN_URL"]);
    expect(variables(wrongIn({ ORIGIN_URL_BILLING: "https://api.acme.dev" }))).toEqual(["ORIGIN_URL_BILLING"]);
    expect(wrongIn(vars, { routes: [{ pattern: "api.acme.dev/*", zone_name: "acme.dev" }] })).toEqual([]);
  });
});

test("nothing is wrong with a good environment", () => {
  expect(checkVariables(workerConfig(GOOD), NOW_MS)).toMatchObject([{ check: "variables", status: "ok" }]);
});
