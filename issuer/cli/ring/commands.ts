/** The `ring` commands and their options; what they do is in the files beside this one. */
import type { Command } from "commander";
import { durationToSeconds } from "../duration.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { CliIo } from "../io.ts";
import { JSON_OPTION } from "../options.ts";
import { printBootstrap, printDiscovery, printJwks, printSignedKeySet, showAnchors } from "./anchors.ts";
import type { AnchorsOptions, DiscoveryOptions } from "./anchors.ts";
import { withChangeOptions, withRingOptions } from "./context.ts";
import type { RingOptions } from "./context.ts";
import { adoptKey, initRing, reconcile, rotate } from "./reconcile.ts";
import type { InitOptions, ReconcileCliOptions, RotateOptions } from "./reconcile.ts";
import { revoke } from "./revoke.ts";
import type { RevokeOptions } from "./revoke.ts";
import { showStatus } from "./status.ts";
import type { StatusOptions } from "./status.ts";

/** Adds the `ring` commands. `setExitCode` tells a ring that is not where it should be. */
export function addRingCommands(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const ring = program
    .command("ring")
    .description("create and keep the key ring: keys in KMS, their public half in KV");
  addUpkeep(ring, io, setExitCode);
  addRequests(ring, io, setExitCode);
  addDeployment(ring, io, setExitCode);
}

/** A SHA-256 thumbprint in base64url (RFC 7638 section 3.1). */
const THUMBPRINT = /^[\w-]{43}$/;

/**
 * One kid in 64 begins with a hyphen, and would be taken for an option. An emergency is no time to learn about `--`.
 * @returns the same command line, with such a kid where only an argument can stand
 */
export function withKidLast(argv: readonly string[]): readonly string[] {
  const isKid = (part: string): boolean => part.startsWith("-") && THUMBPRINT.test(part);
  const [noun, verb] = argv;
  if (noun !== "ring" || verb !== "revoke" || argv.includes("--") || !argv.some(isKid)) return argv;
  return [...argv.filter((part) => !isKid(part)), "--", ...argv.filter(isKid)];
}

function addUpkeep(ring: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withChangeOptions(
    ring.command("init").description("create a new ring: root key, first generation, pending key, key set"),
  )
    .option("--adopt <key>", "an existing KMS key (id, ARN or alias) as the first generation")
    .option(...JSON_OPTION)
    .action(async (options: InitOptions) => setExitCode(await initRing(io, options)));

  withRingOptions(ring.command("status").description("show the ring, what comes next, and what KV holds"))
    .option("--gateway <url>", "show what this Worker serves, too")
    .option("--watch", "look again and again until Ctrl-C: drawn anew at a terminal, elsewhere a block for each change")
    .option("--interval <duration>", "between two looks of --watch, by default 10s", durationToSeconds)
    .option(...JSON_OPTION)
    .action(async (options: StatusOptions) => setExitCode(await showStatus(io, options)));

  withChangeOptions(
    ring.command("reconcile").description("do what is due; safe to run every minute, from several hosts"),
  )
    .option("--watch", "run again and again until Ctrl-C")
    .option(
      "--interval <duration>",
      "between two runs of --watch; by default reconcileEverySeconds of the policy",
      durationToSeconds,
    )
    .option(...JSON_OPTION)
    .action(async (options: ReconcileCliOptions) => setExitCode(await reconcile(io, options)));
}

function addRequests(ring: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withChangeOptions(ring.command("rotate").description("let the pending key sign from now on, if every edge knows it"))
    .option("--wait", "wait until it is safe, and until it is done")
    .option(...JSON_OPTION)
    .action(async (options: RotateOptions) => setExitCode(await rotate(io, options)));

  withChangeOptions(
    ring.command("revoke <kid>").description("revoke a key: its tokens are refused, the pending key signs"),
  )
    .option("--yes", "do not ask for confirmation")
    .option(...JSON_OPTION)
    .action(async (kid: string, options: RevokeOptions) => setExitCode(await revoke(io, kid, options)));

  withChangeOptions(
    ring.command("adopt <key>").description("make an existing KMS key (id, ARN or alias) a pending key"),
  )
    .option(...JSON_OPTION)
    .action(async (key: string, options: RingOptions) => setExitCode(await adoptKey(io, key, options)));
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function addDeployment(ring: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withChangeOptions(
    ring.command("anchors").description("print TRUST_ANCHORS for the Worker; change the root key by steps"),
  )
    .option("--prepare", "step 1: create the next root key; then deploy both")
    .option("--switch", "step 2: sign with the next root key; asking for it states that every Worker has both")
    .option("--gateway <url>", "with --switch: look first whether this Worker has both; repeat it for several", collect)
    .option("--retire", "step 3: disable the previous root key; asking for it states that no Worker pins it")
    .option(...JSON_OPTION)
    .action(async (options: AnchorsOptions) => setExitCode(await showAnchors(io, options)));

  withRingOptions(ring.command("bootstrap").description("print the signed key set for BOOTSTRAP_KEY_SET, verified"))
    .option(...JSON_OPTION)
    .action(async (options: RingOptions) => setExitCode(await printBootstrap(io, options)));

  withRingOptions(
    ring.command("key-set").description("print the signed key set from KV, verified, for other verifiers"),
  )
    .option(...JSON_OPTION)
    .action(async (options: RingOptions) => setExitCode(await printSignedKeySet(io, options)));

  withRingOptions(ring.command("jwks").description("print the plain JWK Set of the ring's keys, for a host of files"))
    .option(...JSON_OPTION)
    .action(async (options: RingOptions) => setExitCode(await printJwks(io, options)));

  withRingOptions(ring.command("discovery").description("print the issuer's discovery file, for a host of files"))
    .requiredOption("--jwks-uri <url>", "where the plain JWK Set is served: a gateway's /.well-known/jwks.json, say")
    .option(...JSON_OPTION)
    .action(async (options: DiscoveryOptions) => setExitCode(await printDiscovery(io, options)));
}
