/**
 * `sealgate ring anchors | bootstrap | key-set | jwks | discovery`: what is deployed by hand. The pinned root keys and their change in three steps,
 * the signed document for the last rung of the edge's ladder, and the plain JWK Set.
 */
import { discoveryOf, discoveryPaths } from "../../../shared/discovery.ts";
import { parsePlainUrl } from "../../../shared/identifiers.ts";
import { serialiseJwk } from "../../../shared/key-set.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { MAX_TRUST_ANCHORS } from "../../../shared/signed-key-set.ts";
import { failuresOf, liveDocument, observeRing, planRing, rootAnchorsOf } from "../../key-ring/index.ts";
import type { RingRequest, RootAnchor } from "../../key-ring/index.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { createRingContext } from "./context.ts";
import type { RingContext, RingOptions } from "./context.ts";
import { describeDocument, describeNotBefore } from "./describe.ts";
import { parseGatewayUrl } from "./gateway-health.ts";
import { findUnpinned } from "./pinned.ts";
import { exitCodeOfFaults, exitCodeOfRun, failureToJson, printRun, runRing, runToJson } from "./run.ts";
import type { RingRun } from "./run.ts";

export interface AnchorsOptions extends RingOptions {
  readonly prepare?: boolean;
  readonly switch?: boolean;
  readonly retire?: boolean;
  readonly gateway?: readonly string[];
}

/** A line for wrangler.toml, .dev.vars or a shell: all three read it alike. */
export function trustAnchorsLine(anchors: readonly RootAnchor[]): string {
  return `TRUST_ANCHORS='${JSON.stringify(anchors.map(({ jwk }) => jwk))}'`;
}

export async function showAnchors(io: CliIo, options: AnchorsOptions): Promise<ExitCode> {
  const step = stepOf(options);
  if (step === undefined && options.dryRun === true) throw new UsageError("--dry-run needs a step to try");
  const gateways = (options.gateway ?? []).map((text) => parseGatewayUrl(text));
  if (gateways.length > 0 && step !== "root_switch") throw new UsageError("--gateway needs --switch");
  const context = await createRingContext(io, options);
  const unpinned = await lookAt(io, context, gateways);
  if (unpinned.length > 0) return refuseSwitch(io, unpinned, options.json === true);
  const request = step === undefined ? undefined : await requestOf(context, step);
  // Without a step nothing is changed: a look must not run the upkeep.
  const run = await runRing(context, { request, dryRun: request === undefined || options.dryRun });
  const roots = rootAnchorsOf(run.observed);
  const { refusal } = planRing(run.observed, context.policy, context.ports.clock(), { kind: "root_retire" });
  const mayRetire = refusal === undefined && roots.some(({ role }) => role === "previous");
  const toDeploy = mayRetire ? roots.filter(({ role }) => role !== "previous") : roots;
  const isTooMany = toDeploy.length > MAX_TRUST_ANCHORS;
  if (options.json === true) {
    printJson(io, {
      ...(request === undefined ? { ring: run.observed.ring } : runToJson(run)),
      trustAnchors: isTooMany ? undefined : toDeploy.map(({ jwk }) => jwk),
      roots: roots.map(({ role, kid, keyArn }) => ({ role, kid, keyArn })),
      mayRetire,
    });
  } else {
    if (request !== undefined) printRun(io, run);
    // A Worker that is deployed with more answers every request with 500.
    if (!isTooMany) io.out(`${trustAnchorsLine(toDeploy)}\n`);
    const when = refusal?.notBefore === undefined ? "" : ` ${describeNotBefore(refusal.notBefore, run.now)}`;
    const advice = isTooMany ? tooMany(io, toDeploy.length) : adviceFor(io, roots, mayRetire);
    io.err(`${advice}${roots.some(({ role }) => role === "previous") ? when : ""}\n`);
  }
  if (isTooMany) return EXIT.notConverged;
  return request === undefined ? exitCodeOfLook(run, roots) : exitCodeOfRun(run);
}

type RootStep = Extract<RingRequest, { kind: `root_${string}` }>["kind"];

function stepOf(options: AnchorsOptions): RootStep | undefined {
  const chosen: RootStep[] = [];
  if (options.prepare === true) chosen.push("root_prepare");
  if (options.switch === true) chosen.push("root_switch");
  if (options.retire === true) chosen.push("root_retire");
  if (chosen.length > 1) throw new UsageError("--prepare, --switch and --retire are steps: take one at a time");
  return chosen[0];
}

/** What speaks against the switch: gateways that do not pin the next root key. */
async function lookAt(io: CliIo, context: RingContext, gateways: readonly URL[]): Promise<readonly string[]> {
  if (gateways.length === 0) return [];
  const { ports, policy, options } = context;
  const next = rootAnchorsOf(await observeRing(ports, policy, options)).find(({ role }) => role === "next");
  // That there is none is for the plan to say.
  return next === undefined ? [] : findUnpinned(gateways, policy.ring, next.kid, io.interrupted);
}

function refuseSwitch(io: CliIo, unpinned: readonly string[], json: boolean): ExitCode {
  const message = unpinned.join(" ");
  if (json) printJson(io, { refusal: { code: "anchor_missing", message } });
  io.err(`${paint(io, "yellow", "not done")} anchor_missing: ${message}\n`);
  return EXIT.notConverged;
}

/** Names the present root key, so that a step that is held up or repeated is never taken for the key after it. */
async function requestOf({ ports, policy, options }: RingContext, kind: RootStep): Promise<RingRequest> {
  if (kind === "root_retire") return { kind };
  const { root } = await observeRing(ports, policy, options);
  // Without a root key the request is refused, and the name does not matter.
  return { kind, from: root?.keyArn ?? "" };
}

function exitCodeOfLook({ observed: { root } }: RingRun, anchors: readonly RootAnchor[]): ExitCode {
  return root !== undefined && anchors.some(({ role }) => role === "current") ? EXIT.ok : EXIT.notConverged;
}

function tooMany(io: CliIo, anchors: number): string {
  const rule = `a Worker pins at most ${MAX_TRUST_ANCHORS}`;
  return `${paint(io, "red", "problem")}: ${anchors} root keys can sign, and ${rule}. Disable in KMS those that you know to be out of use.`;
}

/** What an operator does next with the line that is printed. */
function adviceFor(io: CliIo, roots: readonly RootAnchor[], mayRetire: boolean): string {
  if (roots.length === 0) return `${paint(io, "red", "problem")}: the ring has no root key that can sign`;
  if (mayRetire)
    return "The previous root key is not needed any more. Deploy this line; once that is done: ring anchors --retire";
  if (roots.some(({ role }) => role === "next")) {
    return "Deploy both to every Worker of this ring; once that is done: ring anchors --switch";
  }
  if (roots.some(({ role }) => role === "previous"))
    return "Leave both deployed for now: the previous one is still needed.";
  return "The pinned root key of every Worker of this ring.";
}

/** The document in KV, once it has been verified as an edge would. */
export function printBootstrap(io: CliIo, options: RingOptions): Promise<ExitCode> {
  return printKeySet(io, options, (text, { rev, expiresAt }) => ({
    out: text,
    json: { document: text, rev, expiresAt },
    note: "it helps until then, and a key that is withdrawn later stays in it",
  }));
}

/** The same document, for verifiers that pin the root keys: as a file, or for a host that answers as a gateway does. */
export function printSignedKeySet(io: CliIo, options: RingOptions): Promise<ExitCode> {
  return printKeySet(io, options, (text, { rev, expiresAt }) => ({
    out: text,
    json: { document: text, rev, expiresAt },
    note: "print it again after each rotation and each revocation, and long before it expires",
  }));
}

export interface DiscoveryOptions extends RingOptions {
  readonly jwksUri: string;
}

/** The discovery file of an issuer whose host is not the gateway's (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2). */
export function printDiscovery(io: CliIo, options: DiscoveryOptions): Promise<ExitCode> {
  const jwksUri = parsePlainUrl(options.jwksUri);
  if (!jwksUri.ok) throw new UsageError(`--jwks-uri ${jwksUri.error}`);
  return printKeySet(io, options, (_text, { issuer, keys }) => {
    const file = discoveryOf(
      issuer,
      jwksUri.value.href,
      keys.map(({ jwk }) => jwk.alg),
    );
    const [openid, oauth] = discoveryPaths(issuer);
    const note = `serve it at ${openid} and ${oauth} of ${new URL(issuer).origin}; print it again when the algorithm changes`;
    return { out: JSON.stringify(file, undefined, 2), json: { discovery: file, paths: [openid, oauth] }, note };
  });
}

/** The keys of that document as a plain JWK Set (RFC 7517 section 5), for a host that serves files. */
export function printJwks(io: CliIo, options: RingOptions): Promise<ExitCode> {
  return printKeySet(io, options, (_text, { keys, revoked }) => {
    const dead = new Set(revoked.map(({ kid }) => kid));
    const usable = keys.filter(({ kid }) => !dead.has(kid)).map(({ jwk, kid }) => serialiseJwk(jwk, kid));
    const out = JSON.stringify({ keys: usable });
    return { out, json: { keys: usable }, note: "print it again after each rotation and each revocation" };
  });
}

interface PrintedKeySet {
  readonly out: string;
  readonly json: object;
  readonly note: string;
}

async function printKeySet(
  io: CliIo,
  options: RingOptions,
  render: (text: string, document: KeySetDocument) => PrintedKeySet,
): Promise<ExitCode> {
  const { ports, policy, options: observing } = await createRingContext(io, options);
  const observed = await observeRing(ports, policy, observing);
  const now = ports.clock();
  const document = liveDocument(observed, now);
  const what = describeDocument(observed.document, now);
  if (document === undefined || observed.storedText === undefined) {
    const failures = failuresOf({ steps: [], observed, plan: planRing(observed, policy, now) });
    if (options.json === true) printJson(io, { ring: observed.ring, failure: failureToJson(failures) });
    io.err(`${paint(io, "red", "problem")}: there is no key set to deploy. KV: ${what}\n`);
    return exitCodeOfFaults(failures) ?? EXIT.notConverged;
  }
  const { out, json, note } = render(observed.storedText, document);
  if (options.json === true) printJson(io, { ring: observed.ring, ...json });
  else io.out(`${out}\n`);
  io.err(`${what}; ${note}\n`);
  return EXIT.ok;
}
