/**
 * Route policy: guard and match a path against policies of different lengths, always with the last rule. No tokens, no
 * forwarding. The URLs say which policy: their first segment is the number of its rules.
 */
import { readTarget } from "../../edge-verifier/http/path-guard.ts";
import { compilePolicy } from "../../edge-verifier/policy/compile.ts";
import type { CompiledPolicy } from "../../edge-verifier/policy/compile.ts";
import { matchRoute } from "../../edge-verifier/policy/match.ts";
import { serve } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async () => {
  const policies = new Map<string, CompiledPolicy>();
  return {
    prepare(url) {
      const rules = url.split("/")[3] ?? "";
      if (!policies.has(rules)) policies.set(rules, policyOf(Number(rules)));
      return url;
    },
    check(url) {
      const target = readTarget(url);
      if (!target.ok) return false;
      const { path } = target.value;
      const policy = policies.get(path.slice(1, path.indexOf("/", 1)));
      return policy !== undefined && matchRoute(policy, "GET", path).ok;
    },
  };
});

function policyOf(rules: number): CompiledPolicy {
  const routes = Array.from({ length: rules }, (_, index) => ({
    path: `/${String(rules)}/v1/resource-${String(index)}/:id`,
    methods: ["GET"],
    require: {},
  }));
  const compiled = compilePolicy(routes, []);
  if (!compiled.ok) throw new TypeError("the policy is refused");
  return compiled.value;
}

export default worker;
