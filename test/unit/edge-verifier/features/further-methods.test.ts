/** Which methods a rule may name, with the feature and without it. On the wire: test/e2e/gateway/methods.test.ts. */
import { expect, test } from "vitest";
import { FURTHER_METHODS, furtherMethods } from "../../../../edge-verifier/features/further-methods.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { ROUTE_METHODS } from "../../../../edge-verifier/policy/rule.ts";
import { valueOf } from "../../../support/values.ts";

test("none without the feature", () => {
  for (const method of FURTHER_METHODS) {
    expect(compilePolicy([{ path: "/a", methods: [method], require: {} }], []).ok).toBe(false);
  }
});

test("those that it lists with it, and a rule that names none has the usual ones only", () => {
  const { rules } = valueOf(
    compilePolicy(
      [
        { path: "/a", methods: ["PROPFIND", "GET"], require: {} },
        { path: "/b", require: {} },
      ],
      [],
      { methods: FURTHER_METHODS },
    ),
  );
  expect(rules.map(({ methods }) => [...methods])).toEqual([["PROPFIND", "GET", "HEAD"], [...ROUTE_METHODS]]);
  for (const method of ["TRACE", "CONNECT", "COPY", "MOVE", "propfind", "PROP", "", 7]) {
    expect(compilePolicy([{ path: "/a", methods: [method], require: {} }], [], { methods: FURTHER_METHODS }).ok).toBe(
      false,
    );
  }
});

test("listing the feature is what switches it on", () => {
  const report = (): undefined => undefined;
  expect(furtherMethods.read({ env: {}, report, routes: [], keySet: undefined, clock: () => 0 })).toEqual({
    methods: FURTHER_METHODS,
  });
});
