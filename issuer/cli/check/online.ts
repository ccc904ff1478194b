/**
 * The checks that ask AWS, Cloudflare and the deployed gateway. Each needs credentials or an address, and says in a word why it was
 * skipped without them. Nothing is changed anywhere.
 */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { keySetKvKey } from "../../../shared/key-set.ts";
import type { KeySetDocument, ParsedKeySet } from "../../../shared/key-set.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { revocationsKvKey } from "../../../shared/revocations/names.ts";
import { MAX_REVOCATIONS_CHARACTERS } from "../../../shared/revocations/signed-list.ts";
import { MAX_KEY_SET_BYTES, importTrustAnchors, openKeySet } from "../../../shared/signed-key-set.ts";
import type { KeySetProblem, KeySetRules, TrustAnchors } from "../../../shared/signed-key-set.ts";
import { inSeconds } from "../../clock.ts";
import { valueOf } from "../../config/environment.ts";
import type { Environment } from "../../config/environment.ts";
import { readPublishConfig } from "../../config/publishing.ts";
import { readRingPolicy } from "../../config/ring-policy.ts";
import { SealgateError } from "../../errors.ts";
import { createRingMemory, createRingPorts, observeRing, planRing } from "../../key-ring/index.ts";
import type { ObservedRing, RingPolicy } from "../../key-ring/index.ts";
import { ringAlias } from "../../key-ring/names.ts";
import { createAwsKms } from "../../kms/aws-kms.ts";
import type { Kms } from "../../kms/port.ts";
import { createKmsRights } from "../../kms/rights.ts";
import { createCloudflareApi } from "../../publish/cloudflare-api.ts";
import { readCloudflareKvOptions } from "../../publish/cloudflare-kv-options.ts";
import { createCloudflareKvPublisher } from "../../publish/cloudflare-kv.ts";
import { createKvEntries } from "../../publish/kv-entries.ts";
import type { StoredText } from "../../publish/kv-entries.ts";
import type { KeySetPublisher } from "../../publish/publisher.ts";
import { systemClock } from "../../publish/retry.ts";
import type { CliIo } from "../io.ts";
import { askGateway } from "../ring/gateway-health.ts";
import { anchorsFor, anchorsRepair, minRevFor, ringsIn, ringsOf } from "./agreement.ts";
import { gatewayRow } from "./gateway.ts";
import { checkRevocations } from "./revocations.ts";
import { rightsRow, tryRights } from "./rights.ts";
import type { Role } from "./rights.ts";
import { anchorRows, clockRows, documentRow, keyRows, ringRows } from "./ring-rows.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { isExampleHost } from "./settings.ts";
import { textVar } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

export interface OnlineOptions {
  readonly config: WorkerConfig;
  /** Undefined: the hostname in the Worker's routes. */
  readonly gateway: URL | undefined;
  readonly role: Role | undefined;
  /** Whether an entry that expires by itself may be written, to try the API token. */
  readonly mayWrite: boolean;
}

/**
 * @param env the issuer's variables; ISSUER, RING and the namespace of the Worker stand in for those that are not set
 * @throws SealgateError `config_invalid` for variables that cannot be used
 */
export async function checkOnline(io: CliIo, given: Environment, options: OnlineOptions): Promise<readonly CheckRow[]> {
  const { config, gateway, role, mayWrite } = options;
  const env = withWorkers(given, config);
  const policy = readRingPolicy(env);
  const now = inSeconds(io.nowMs);
  const anchors = await importTrustAnchors(anchorsFor(config, policy.ring));
  const pinned = anchors.ok ? anchors.value : [];
  const [aws, kv] = await Promise.all([
    checkAws(env, policy, { now, pinned, repair: anchorsRepair(config), role }),
    checkKv(io, env, policy, { anchors: pinned, leastRev: minRevFor(config, policy.ring) }, mayWrite),
  ]);
  const document = kv.opened?.ok === true ? kv.opened.value.document : undefined;
  const [revocations, deployed] = await Promise.all([
    checkRevocations(env, {
      config,
      policy,
      role,
      anchors: pinned,
      document,
      now: now(),
      noAws: aws.isAsked ? undefined : NO_AWS,
      readList: async () => readListText(io, env, policy),
    }),
    checkGateway(io, gateway, { config, policy, document, now }),
  ]);
  const skews = { KMS: aws.skewSeconds, Cloudflare: kv.skewSeconds };
  return [...aws.rows, ...kv.rows, ...revocations, ...clockRows(skews, policy), deployed];
}

async function checkGateway(
  { interrupted }: CliIo,
  given: URL | undefined,
  { config, policy, document, now }: GatewayQuestion,
): Promise<CheckRow> {
  const url = given ?? urlOf(config);
  if (url === undefined) {
    const why = "The configuration names no hostname that could be asked: name the gateway with --gateway.";
    return skipped("gateway", why);
  }
  const health = await askGateway(url, policy.ring, interrupted);
  return gatewayRow(health, given !== undefined, document, policy, now());
}

/** The first ring, of a signer or a Worker that has several. */
function withWorkers(env: Environment, config: WorkerConfig): Environment {
  const given = valueOf(env, "SEALGATE_RING");
  return {
    ...env,
    SEALGATE_ISSUER: valueOf(env, "SEALGATE_ISSUER") ?? textVar(config, "ISSUER"),
    SEALGATE_RING: given === undefined ? ringsOf(config)[0] : ringsIn(given)[0],
    SEALGATE_KV_NAMESPACE_ID: valueOf(env, "SEALGATE_KV_NAMESPACE_ID") ?? config.namespaceId,
  };
}

/** An example is not asked: its host belongs to another site, and `placeholders` reports it. */
function urlOf({ hostnames }: WorkerConfig): URL | undefined {
  const host = hostnames.find((name) => !name.includes("*") && !isExampleHost(name));
  return host === undefined ? undefined : (URL.parse(`https://${host}`) ?? undefined);
}

interface GatewayQuestion {
  readonly config: WorkerConfig;
  readonly policy: RingPolicy;
  /** What KV holds, if it is known. */
  readonly document: KeySetDocument | undefined;
  readonly now: () => EpochSeconds;
}

interface Surroundings {
  readonly now: () => EpochSeconds;
  readonly pinned: TrustAnchors;
  /** What to do about root keys that are not pinned. */
  readonly repair: string;
  readonly role: Role | undefined;
}

interface Findings {
  readonly rows: readonly CheckRow[];
  readonly skewSeconds: number | undefined;
}

interface AwsFindings extends Findings {
  /** Whether there are a Region and credentials. */
  readonly isAsked: boolean;
}

const NO_AWS = "The AWS SDK finds no Region or no usable credentials here.";

const AWS_CHECKS = ["rights", "keys", "ring", "anchors"] as const;

async function checkAws(
  env: Environment,
  policy: RingPolicy,
  { now, pinned, repair, role }: Surroundings,
): Promise<AwsFindings> {
  const rights = createKmsRights();
  const caller = await rights.whose();
  if (caller === undefined) {
    const rows = AWS_CHECKS.map((check) => skipped(check, NO_AWS));
    return { isAsked: false, rows, skewSeconds: undefined };
  }
  const kms = createAwsKms();
  const [trials, observed, skewSeconds] = await Promise.all([
    tryRights(kms, rights, policy),
    observe(kms, env, policy, now),
    kmsSkew(kms, policy, now),
  ]);
  const row = rightsRow(trials, caller, role);
  if (observed instanceof SealgateError) {
    const why = `The ring cannot be seen with these credentials (${observed.code}).`;
    return { rows: [row, ...AWS_CHECKS.slice(1).map((check) => skipped(check, why))], isAsked: true, skewSeconds };
  }
  const plan = planRing(observed, policy, now());
  const isKvKnown = observed.document.kind !== "unknown";
  const ring = isKvKnown
    ? ringRows(plan)
    : [skipped("ring", "What is due depends on the key set in KV, which cannot be read.")];
  const kids = pinned.map(({ kid }) => kid);
  return {
    rows: [row, ...keyRows(observed), ...ring, ...anchorRows(observed, kids, repair)],
    isAsked: true,
    skewSeconds,
  };
}

async function observe(
  kms: Kms,
  env: Environment,
  policy: RingPolicy,
  clock: () => EpochSeconds,
): Promise<ObservedRing | SealgateError> {
  const ports = createRingPorts({ kms, publisher: publisherFor(env), audit: () => undefined, clock });
  return observeRing(ports, policy, { memory: createRingMemory() }).catch(orFault);
}

/** Without Cloudflare's variables KV is as good as out of reach. */
function publisherFor(env: Environment): KeySetPublisher {
  try {
    return createCloudflareKvPublisher({ ...readPublishConfig(env), maxAttempts: 1 });
  } catch (error) {
    const fail = (): Promise<never> => Promise.reject(orFault(error));
    return { read: fail, publish: fail };
  }
}

function orFault(error: unknown): SealgateError {
  if (error instanceof SealgateError) return error;
  throw error;
}

/** @returns KMS's clock minus this host's; undefined when KMS has not answered */
async function kmsSkew(kms: Kms, { ring }: RingPolicy, now: () => EpochSeconds): Promise<number | undefined> {
  const key = await kms.describeKey(ringAlias(ring, { role: "active" })).catch(orFault);
  return key instanceof SealgateError || key.serverTime === undefined ? undefined : key.serverTime - now();
}

interface KvFindings extends Findings {
  readonly opened: Result<ParsedKeySet, KeySetProblem> | undefined;
}

const DEADLINE_MS = 10_000;

const TOKEN_VARIABLES = ["CLOUDFLARE_API_TOKEN", "SEALGATE_CLOUDFLARE_TOKEN_SECRET", "SEALGATE_KV_BASE_URL"];

const NO_TOKEN = "Neither CLOUDFLARE_API_TOKEN nor SEALGATE_CLOUDFLARE_TOKEN_SECRET is set here.";

function hasToken(env: Environment): boolean {
  return TOKEN_VARIABLES.some((name) => valueOf(env, name) !== undefined);
}

async function readListText(
  io: CliIo,
  env: Environment,
  { ring }: RingPolicy,
): Promise<Result<string | undefined, string>> {
  if (!hasToken(env)) return err(NO_TOKEN);
  const maxBytes = MAX_REVOCATIONS_CHARACTERS;
  const asked = await askKv(io, env, { key: revocationsKvKey(ring), maxBytes, mayWrite: false });
  return asked instanceof SealgateError ? err("The KV namespace cannot be used.") : ok(asked.text);
}

async function checkKv(
  io: CliIo,
  env: Environment,
  policy: RingPolicy,
  { anchors, leastRev }: Pick<KeySetRules, "anchors" | "leastRev">,
  mayWrite: boolean,
): Promise<KvFindings> {
  const nothing = { skewSeconds: undefined, opened: undefined };
  if (!hasToken(env)) return { rows: [skipped("api_token", NO_TOKEN), skipped("document", NO_TOKEN)], ...nothing };
  const { issuer, ring } = policy;
  const asked = await askKv(io, env, { key: keySetKvKey(ring), maxBytes: MAX_KEY_SET_BYTES, mayWrite });
  if (asked instanceof SealgateError) {
    const repair =
      "Give the token the permission Workers KV Storage: Edit on this account, and see that account and namespace are right.";
    const refused = wrong("api_token", `${asked.message}.`, repair, "CLOUDFLARE_API_TOKEN");
    return { rows: [refused, skipped("document", "The KV namespace cannot be used.")], ...nothing };
  }
  const { text, serverSkewSeconds: skewSeconds } = asked;
  const may = mayWrite ? "read and write" : "read";
  const untried = mayWrite ? "" : " Whether it may write was not tried: add --write.";
  const token = fine("api_token", `The API token may ${may} the KV namespace.${untried}`);
  if (anchors.length === 0) {
    const why = "TRUST_ANCHORS holds no usable root key to read the key set with.";
    return { rows: [token, skipped("document", why)], skewSeconds, opened: undefined };
  }
  const now = inSeconds(io.nowMs)();
  const opened = text === undefined ? undefined : await openKeySet(text, { anchors, issuer, ring, leastRev }, now);
  return { rows: [token, documentRow(opened, policy, now)], skewSeconds, opened };
}

/** Of no meaning to a Worker, and forgotten by KV after a minute. */
const TRIAL_ENTRY = { key: "sealgate-check", value: "written by sealgate check", metadata: {}, expiration_ttl: 60 };

interface KvQuestion {
  readonly key: string;
  readonly maxBytes: number;
  readonly mayWrite: boolean;
}

async function askKv(
  io: CliIo,
  env: Environment,
  { key, maxBytes, mayWrite }: KvQuestion,
): Promise<StoredText | SealgateError> {
  try {
    const clock = { ...systemClock, epochMs: io.nowMs };
    const settings = readCloudflareKvOptions({ ...readPublishConfig(env), clock });
    const entries = createKvEntries(createCloudflareApi(settings), settings.namespaceId, maxBytes + 1);
    const failure = mayWrite ? await entries.put(TRIAL_ENTRY, DEADLINE_MS) : undefined;
    if (failure !== undefined) return failure.fault;
    const stored = await entries.get(key, DEADLINE_MS);
    return stored.ok ? stored.value : stored.error.fault;
  } catch (error) {
    return orFault(error);
  }
}
