/** What wrangler.toml promises, read as wrangler reads it: every environment by itself, since hardly anything is inherited. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { experimental_readRawConfig, unstable_readConfig } from "wrangler";
import { isJsonObject } from "../../shared/json.ts";

const PATH = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
const ENVIRONMENTS = ["staging", "production"] as const;

const local = unstable_readConfig({ config: PATH });
const configOf = (env: string): ReturnType<typeof unstable_readConfig> => unstable_readConfig({ config: PATH, env });
const { rawConfig } = experimental_readRawConfig({ config: PATH });

/** Members that wrangler hands to no environment (developers.cloudflare.com/workers/wrangler/configuration). */
const NOT_INHERITED = [
  "vars",
  "define",
  "kv_namespaces",
  "services",
  "secrets",
  "version_metadata",
  "analytics_engine_datasets",
  "ratelimits",
  "tail_consumers",
  "unsafe",
];

test("the schema is named in the first line, for editors", () => {
  expect(readFileSync(PATH, "utf8").split("\n")[0]).toBe("#:schema node_modules/wrangler/config-schema.json");
});

describe.each([["local", local] as const, ...ENVIRONMENTS.map((env) => [env, configOf(env)] as const)])(
  "%s",
  (_name, config) => {
    test("keeps Node out", () => {
      expect(config.compatibility_flags).toEqual(["no_nodejs_compat", "no_nodejs_compat_v2"]);
    });

    test("does not let a cache answer before the Worker is asked", () => {
      expect(config.cache?.enabled ?? false).toBe(false);
    });

    test("keeps queries out of the logs", () => {
      expect(config.observability).toMatchObject({ enabled: true, redact_query_string: true });
    });

    test("binds the key sets, by id, and the version", () => {
      // Without an id wrangler makes a namespace of its own, beside the one that the issuer publishes into.
      expect(config.kv_namespaces).toEqual([{ binding: "KEY_SETS", id: expect.stringMatching(/./) as unknown }]);
      expect(config.version_metadata).toEqual({ binding: "VERSION" });
    });

    test("can be reached by its own hostname only", () => {
      expect(config).toMatchObject({ workers_dev: false, preview_urls: false });
    });

    test("holds no secret", () => {
      expect(Object.keys(config.vars)).not.toContain("ASSERTION_KEY");
      expect(Object.keys(config.vars)).not.toContain("LOG_SUBJECT_HASH_KEY");
    });
  },
);

describe.each(ENVIRONMENTS)("%s", (name) => {
  const config = configOf(name);

  test("repeats everything that it would not inherit", () => {
    const environment = rawConfig.env?.[name];
    expect(isJsonObject(environment)).toBe(true);
    const needed = NOT_INHERITED.filter((member) => Object.hasOwn(rawConfig, member));
    expect(needed).toEqual(["vars", "kv_namespaces", "version_metadata"]);
    expect(Object.keys(environment ?? {})).toEqual(expect.arrayContaining(needed));
    expect(Object.keys(config.vars).toSorted()).toEqual(Object.keys(local.vars).toSorted());
  });

  test("says for itself what it could inherit and must not lose", () => {
    expect(rawConfig.env?.[name]).toMatchObject({ workers_dev: false, preview_urls: false });
  });

  test("has a hostname of its own", () => {
    const routes = (config.routes ?? []).map((route: unknown) => (isJsonObject(route) ? route : {}));
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({ custom_domain: true });
  });

  test("takes tokens for its own hostname and forwards over https", () => {
    const [route] = (config.routes ?? []).map((one: unknown) => (isJsonObject(one) ? one : {}));
    expect(config.vars["AUDIENCE"]).toBe(`https://${String(route?.["pattern"])}`);
    for (const variable of ["ISSUER", "ORIGIN_URL"]) expect(config.vars[variable]).toMatch(/^https:/);
  });
});

test("no two environments share a KV namespace", () => {
  const ids = [local, ...ENVIRONMENTS.map(configOf)].map(({ kv_namespaces: [bound] }) => bound?.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("no two environments share a hostname, an issuer or an origin", () => {
  for (const variable of ["ISSUER", "AUDIENCE", "ORIGIN_URL"]) {
    const values = [local, ...ENVIRONMENTS.map(configOf)].map(({ vars }) => vars[variable]);
    expect(new Set(values).size).toBe(values.length);
  }
});
