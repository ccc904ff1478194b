/** What the checks need of a Worker's configuration, as wrangler has read it; and the configuration to try it with. Pure. */
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";

export interface WorkerConfig {
  /** Undefined for the top level. */
  readonly environment: string | undefined;
  readonly name: string;
  readonly vars: JsonObject;
  /** Undefined when the binding is missing; empty when it has no id. */
  readonly namespaceId: string | undefined;
  /** Whether the file is JSON; else it is TOML. */
  readonly isJson: boolean;
  /** Of routes and custom domains, without paths. */
  readonly hostnames: readonly string[];
  /** As wrangler has read it. */
  readonly json: JsonObject;
}

export function readWorkerConfig(json: JsonObject, environment: string | undefined): WorkerConfig {
  const namespace = objectsIn(json["kv_namespaces"]).find(({ binding }) => binding === "KEY_SETS");
  return {
    environment,
    name: typeof json["name"] === "string" ? json["name"] : "worker",
    vars: isJsonObject(json["vars"]) ? json["vars"] : {},
    namespaceId: namespace === undefined ? undefined : textOf(namespace["id"]),
    isJson: /\.jsonc?$/.test(textOf(json["configPath"])),
    hostnames: routesOf(json).map((pattern) => pattern.replace(/^https?:\/\//, "").replace(/[/:].*$/s, "")),
    json,
  };
}

/** Hostnames that lead to the Worker as custom domains. */
export function customDomainsOf({ json }: Pick<WorkerConfig, "json">): readonly string[] {
  const routes = objectsIn(json["routes"]).filter((route) => route["custom_domain"] === true);
  return routes.map(({ pattern }) => textOf(pattern).toLowerCase());
}

/** Patterns of routes that are no custom domains: hostname and path, which may begin and end in an asterisk. */
export function patternsOf({ json }: Pick<WorkerConfig, "json">): readonly string[] {
  const domains = customDomainsOf({ json });
  return routesOf(json).filter((pattern) => !domains.includes(pattern.toLowerCase()));
}

/** Where the vars of the environment stand in the configuration, for people. */
export function varsOf({ environment, isJson }: Pick<WorkerConfig, "environment" | "isJson">): string {
  const path = environment === undefined ? "vars" : `env.${environment}.vars`;
  return isJson ? path : `[${path}]`;
}

/** @param toml a setting as it stands in TOML, such as `workers_dev = false`. @returns it as it stands in the configuration */
export function settingOf({ isJson }: Pick<WorkerConfig, "isJson">, toml: string): string {
  return isJson ? toml.replaceAll(/(\w+) = /g, '"$1": ') : toml;
}

export function keySetsBinding(config: Pick<WorkerConfig, "isJson">): string {
  return settingOf(config, 'kv_namespaces = [{ binding = "KEY_SETS", id = "…" }]');
}

/** A var as text; empty when it is not set. */
export function textVar({ vars }: Pick<WorkerConfig, "vars">, name: string): string {
  return textOf(vars[name]);
}

/**
 * The same Worker for workerd on this host: the bundle, the vars, and bindings that lead nowhere. A file of local development
 * (`.dev.vars`) has no part in it, since a deployment would not have it either.
 * @param main the bundle
 * @param nowhere the name of the Worker behind bindings that lead to other services
 */
export function localConfig({ json, name, vars }: WorkerConfig, main: string, nowhere: string): JsonObject {
  const kept = [
    "compatibility_date",
    "compatibility_flags",
    "version_metadata",
    "ratelimits",
    "analytics_engine_datasets",
  ];
  const services = ["services", "mtls_certificates", "vpc_services"].flatMap((kind) => objectsIn(json[kind]));
  return {
    ...Object.fromEntries(
      kept.flatMap((member) => {
        const value = json[member];
        return value === undefined ? [] : [[member, value]];
      }),
    ),
    name,
    main,
    no_bundle: true,
    vars,
    kv_namespaces: objectsIn(json["kv_namespaces"]).map(({ binding = "" }) => ({ binding, id: textOf(binding) })),
    services: services.map(({ binding = "" }) => ({ binding, service: nowhere })),
  };
}

export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((one) => isJsonObject(one)) : [];
}

function routesOf(json: JsonObject): readonly string[] {
  const routes: readonly unknown[] = Array.isArray(json["routes"]) ? json["routes"] : [];
  return [json["route"], ...routes].flatMap((route) => {
    const pattern: unknown = isJsonObject(route) ? route["pattern"] : route;
    return typeof pattern === "string" && pattern !== "" ? [pattern] : [];
  });
}

/** Empty for what is no text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
