/** What is read of wrangler's configuration, and what a Worker is tried with. */
import { expect, test } from "vitest";
import { localConfig, readWorkerConfig, varsOf } from "../../../../../issuer/cli/check/worker-config.ts";
import { NAMESPACE_ID, workerConfig } from "./support.ts";

test.each([
  [["api.acme.dev/*"], ["api.acme.dev"]],
  [[{ pattern: "https://api.acme.dev:443/v1/*", zone_name: "acme.dev" }], ["api.acme.dev"]],
  [[{ pattern: "*.acme.dev/*", zone_id: "1" }], ["*.acme.dev"]],
  [[], []],
])("hostnames of the routes %j", (routes, hostnames) => {
  expect(workerConfig({ routes }).hostnames).toEqual(hostnames);
});

test("a namespace without an id is another thing than none", () => {
  expect(workerConfig().namespaceId).toBe(NAMESPACE_ID);
  expect(workerConfig({ kv_namespaces: [{ binding: "KEY_SETS" }] }).namespaceId).toBe("");
  expect(workerConfig({ kv_namespaces: [{ binding: "OTHER", id: NAMESPACE_ID }] }).namespaceId).toBeUndefined();
});

test("where the vars stand", () => {
  expect(varsOf(workerConfig())).toBe("[env.production.vars]");
  expect(varsOf(readWorkerConfig({}, undefined))).toBe("[vars]");
  expect(varsOf(readWorkerConfig({ configPath: "/x/wrangler.jsonc" }, "staging"))).toBe("env.staging.vars");
});

test("it is tried with its vars and bindings, which lead nowhere, and with nothing that only a deployment can have", () => {
  const services = [{ binding: "ORIGIN", service: "orders", entrypoint: "Api" }];
  const mtls_certificates = [{ binding: "ORIGIN_BILLING", certificate_id: "1" }];
  const config = workerConfig({
    services,
    mtls_certificates,
    version_metadata: { binding: "VERSION" },
    ai: { binding: "AI" },
  });
  expect(localConfig(config, "/bundle/worker.js", "nowhere")).toEqual({
    name: config.name,
    main: "/bundle/worker.js",
    no_bundle: true,
    vars: config.vars,
    version_metadata: { binding: "VERSION" },
    kv_namespaces: [{ binding: "KEY_SETS", id: "KEY_SETS" }],
    services: [
      { binding: "ORIGIN", service: "nowhere" },
      { binding: "ORIGIN_BILLING", service: "nowhere" },
    ],
  });
});
