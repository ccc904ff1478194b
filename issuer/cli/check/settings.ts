/** What is wrong with a Worker's configuration by itself, before it is started: no network, no credentials. Pure. */
import { isLoopback } from "../../../shared/identifiers.ts";
import type { JsonValue } from "../../../shared/json.ts";
import { fine, rowsOr, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { keySetsBinding, objectsIn, patternsOf, settingOf, varsOf } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

/** @param others the other environments of the same configuration */
export function checkSettings(config: WorkerConfig, others: readonly WorkerConfig[]): readonly CheckRow[] {
  return [
    ...rowsOr(findPlaceholders(config), fine("placeholders", "No variable and no hostname is an example.")),
    ...rowsOr(checkNamespace(config, others), fine("kv_namespace", "KEY_SETS is bound to a KV namespace by its id.")),
    ...rowsOr(
      checkHostname(config),
      fine("hostname", `The gateway is reached by ${config.hostnames.join(", ")} only.`),
    ),
    ...rowsOr(checkCache(config), fine("cache", "No cache answers before the gateway is asked.")),
    ...rowsOr(findSecrets(config), fine("secrets", "No plain variable holds a secret.")),
  ];
}

/** Names that no server can have (RFC 2606, RFC 6761), but for the loopback ones. */
const EXAMPLE_HOST = /(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$/;

export function isExampleHost(host: string): boolean {
  return EXAMPLE_HOST.test(host);
}

/** wrangler hands on JSON in a variable, too. */
function printed(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

const URL_IN_TEXT = /https?:\/\/([^/\s",:]+)/g;

function findPlaceholders(config: WorkerConfig): readonly CheckRow[] {
  const where = varsOf(config);
  const inVars = Object.entries(config.vars).flatMap(([variable, value]) => {
    const hosts = [...printed(value).matchAll(URL_IN_TEXT)].map(([, host = ""]) => host.toLowerCase());
    const example = hosts.find((host) => isExampleHost(host));
    const local = hosts.find((host) => isLoopback(host));
    const repair = `Put your own address into ${variable} of ${where}.`;
    if (example !== undefined)
      return [wrong("placeholders", `${variable} names the example host ${example}.`, repair, variable)];
    if (local === undefined || config.environment === undefined) return [];
    return [wrong("placeholders", `${variable} leads to ${local}, which is the Worker's own host.`, repair, variable)];
  });
  const routes = config.hostnames.filter((host) => isExampleHost(host));
  return [
    ...inVars,
    ...routes.map((host) =>
      wrong(
        "placeholders",
        `routes names the example host ${host}.`,
        "Put the gateway's own hostname into routes.",
        "routes",
      ),
    ),
  ];
}

/** 32 hexadecimal digits (https://developers.cloudflare.com/api/resources/kv/). */
const NAMESPACE_ID = /^[0-9a-f]{32}$/;

function checkNamespace(config: WorkerConfig, others: readonly WorkerConfig[]): readonly CheckRow[] {
  const { namespaceId, environment } = config;
  const flag = environment === undefined ? "" : ` --env ${environment}`;
  const create = `Create it with npx wrangler kv namespace create KEY_SETS${flag}, and write ${keySetsBinding(config)} with the id that it prints into this environment.`;
  if (namespaceId === undefined) {
    const others = objectsIn(config.json["kv_namespaces"]).map(({ binding }) => JSON.stringify(binding));
    const message =
      others.length === 0
        ? "KEY_SETS is not bound: wrangler inherits no binding."
        : `KEY_SETS is not bound: the namespaces here are bound as ${others.join(", ")}.`;
    return [wrong("kv_namespace", message, create, "KEY_SETS")];
  }
  if (namespaceId === "") {
    const message =
      "KEY_SETS has no id: a deployment would make another namespace, which the issuer does not write to.";
    return [wrong("kv_namespace", message, create, "KEY_SETS")];
  }
  if (!NAMESPACE_ID.test(namespaceId))
    return [wrong("kv_namespace", "The id of KEY_SETS is not 32 characters of 0-9 and a-f.", create, "KEY_SETS")];
  const twin = others.find((other) => other.namespaceId === namespaceId);
  if (twin === undefined) return [];
  const message = `KEY_SETS is the namespace of ${twin.environment ?? "the top level"}, too.`;
  return [wrong("kv_namespace", message, `Give each environment its own. ${create}`, "KEY_SETS")];
}

function checkHostname(config: WorkerConfig): readonly CheckRow[] {
  const { json, hostnames } = config;
  const rows: CheckRow[] = [];
  if (hostnames.length === 0) {
    const routes = settingOf(config, 'routes = [{ pattern = "<hostname>", custom_domain = true }]');
    const repair = `Add ${routes} to this environment.`;
    rows.push(wrong("hostname", "The gateway has no hostname: no request would reach it.", repair, "routes"));
  }
  for (const pattern of patternsOf({ json })) {
    const [, scheme = "", host = "", path = ""] = /^(https?:\/\/)?([^/]*)(.*)$/s.exec(pattern) ?? [];
    if (scheme === "" && path === "/*") continue;
    const message = `The route ${pattern} leaves requests to ${host} out: they would go past the gateway.`;
    rows.push(wrong("hostname", message, `Write the pattern as ${host}/*, without a scheme.`, "routes"));
  }
  for (const member of ["workers_dev", "preview_urls"]) {
    // wrangler's default is false once there are routes.
    if (json[member] !== true) continue;
    rows.push(
      wrong(
        "hostname",
        `${member} is on, which is a second way in.`,
        `Set ${settingOf(config, `${member} = false`)} in this environment.`,
        member,
      ),
    );
  }
  return rows;
}

function checkCache({ json }: WorkerConfig): readonly CheckRow[] {
  const isEnabled = objectsIn([json["cache"]]).some(({ enabled }) => enabled === true);
  const message = "cache.enabled is on: Cloudflare would answer from its cache, and the gateway would not be asked.";
  return isEnabled ? [wrong("cache", message, "Remove cache from the configuration.", "cache")] : [];
}

/** Secrets of the gateway, and usual names of others. */
const SECRET =
  /^(?:ASSERTION_KEY|LOG_SUBJECT_HASH_KEY)$|(?:^|_)(?:SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|API_KEY|API_TOKEN|SECRET_ACCESS_KEY|SESSION_TOKEN)$/;

function findSecrets(config: WorkerConfig): readonly CheckRow[] {
  return Object.entries(config.vars).flatMap(([variable, value]) => {
    const isSecret = SECRET.test(variable) && value !== "";
    const isPrivateKey = /"[dk]"\s*:\s*"|PRIVATE KEY-----/.test(printed(value));
    if (!isSecret && !isPrivateKey) return [];
    const flag = config.environment === undefined ? "" : ` --env ${config.environment}`;
    const repair = `Take it out of ${varsOf(config)}, make a new one, and store that with npx wrangler secret put ${variable}${flag}.`;
    return [
      wrong(
        "secrets",
        `${variable} is a secret in a plain variable.`,
        isPrivateKey && !isSecret
          ? "Put the public key there; a private key has no place in a variable. Make a new key pair."
          : repair,
        variable,
      ),
    ];
  });
}
