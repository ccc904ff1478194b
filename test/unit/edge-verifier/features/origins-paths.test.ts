/**
 * The path guard's law behind a prefix: what is matched is what is forwarded, up to the stated prefix, and every origin's
 * reading of what it gets falls under the same rule. Long runs: `npm run fuzz`.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { origins } from "../../../../edge-verifier/features/origins.ts";
import { pathTolerance } from "../../../../edge-verifier/features/path-tolerance.ts";
import { originPath } from "../../../../edge-verifier/http/response-headers.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { PATH_ODDITIES } from "../../../../edge-verifier/policy/rule.ts";
import { readFeatures } from "../../../../edge-verifier/request/hooks.ts";
import { createRouteFinder } from "../../../../edge-verifier/request/route.ts";
import { fuzzSettings } from "../../../support/fuzz.ts";
import { attackPaths, bypassesOf, plainRules } from "../../../support/path-attacks.ts";
import { given, valueOf } from "../../../support/values.ts";

/** Each rule requires something else, and leaves as much of the path out. */
const MOUNTS: readonly (readonly [path: string, stripPrefix: string])[] = [
  ["/api/admin/users", "/api/admin"],
  ["/api/admin/*", "/api/admin"],
  ["/api/:tenant/secret/*", "/api"],
  ["/api/*", "/api"],
  ["/files/public/*", "/files/public"],
  ["/files/*", "/files"],
];
const RULES = plainRules(MOUNTS.map(([path]) => path));

const tolerantly = fc.tuple(
  attackPaths(RULES),
  fc.array(fc.tuple(fc.nat(40), fc.constantFrom("%2F", "//", ";x", ";a=1", "/;/", "%23", "%25", "|", "")), {
    maxLength: 2,
  }),
);

test.each([
  ["strict", undefined],
  ["tolerant", PATH_ODDITIES],
])("%s rules", async (_name, tolerate) => {
  const routes = MOUNTS.map(([path, stripPrefix], index) => ({
    path,
    stripPrefix,
    require: { scope: [`s${String(index)}`] },
    ...(tolerate === undefined ? {} : { tolerate }),
  }));
  const report = (variable: string, problem: string): undefined => {
    throw new TypeError(`${variable} ${problem}`);
  };
  const setup = { env: {}, report, routes, keySet: undefined, clock: () => 0 };
  const hooks = await readFeatures([origins, pathTolerance], setup);
  const strict = createRouteFinder(valueOf(compilePolicy(hooks.routes, [])));
  const find = hooks.routeFinder?.(strict) ?? strict;
  const main = {
    fetcher: { fetch: (): Promise<Response> => Promise.reject(new TypeError("not asked")) },
    base: "https://origin.test",
    mount: "",
    timeoutMs: 1,
    forwardAuthorization: true,
  };
  let passed = 0;
  fc.assert(
    fc.property(tolerantly, ([plain, oddities]) => {
      let path = plain;
      for (const [at, piece] of oddities) {
        const place = 1 + Math.min(at, path.length - 1);
        path = path.slice(0, place) + piece + path.slice(place);
      }
      const found = find(`https://api.example.com${path}`, "GET");
      if (!found.ok) return;
      passed += 1;
      const { rule, target } = found.value;
      const origin = given(hooks.originOf)(rule, main);
      const mount = given(MOUNTS[rule.place])[1];
      expect(origin).toEqual({ ...main, mount });
      const inner = originPath(target.path, origin);
      expect([mount + inner, ...(inner === "/" ? [mount] : [])]).toContain(path);
      expect(bypassesOf(RULES, path, rule.pattern.text)).toEqual([]);
      expect(bypassesOf(RULES, inner, rule.pattern.text, mount)).toEqual([]);
    }),
    fuzzSettings(8000),
  );
  expect(passed).toBeGreaterThan(300);
});
