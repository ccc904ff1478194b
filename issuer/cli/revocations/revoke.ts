/**
 * `sealgate token revoke`: takes back a token, a session or all tokens of a subject, and says from when edges refuse them. Writes
 * to the tables only: it needs no right on the root key and no Cloudflare token.
 */
import type { Command } from "commander";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { inSeconds } from "../../clock.ts";
import { parseEntryKey } from "../../revocations/entry.ts";
import { NO_AUDIENCE, proveToken } from "../../revocations/prove-token.ts";
import type { TokenName } from "../../revocations/prove-token.ts";
import { createRevocations } from "../../revocations/revocations.ts";
import type { Revoked } from "../../revocations/revocations.ts";
import { refusalTimes } from "../../config/revoking.ts";
import type { RefusalTimes, RevocationBound, RevokingConfig } from "../../config/revoking.ts";
import { canBeAlive, revokeBy } from "../../revocations/revoke-request.ts";
import type { NamedRevokeRequest } from "../../revocations/revoke-request.ts";
import { describeDistance, describeDuration, describeTime } from "../../words/time.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { argumentOrStdin, paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { fromEnv, JSON_OPTION, withKeyOptions } from "../options.ts";
import { takeTime } from "../time-option.ts";
import { prepareVerification, refuse, withVerificationOptions } from "../verify-command.ts";
import type { VerificationOptions } from "../verify-command.ts";
import { readRevoking, withTableOption } from "./options.ts";

interface RevokeOptions extends VerificationOptions {
  readonly jti?: string;
  readonly expiresAt?: string;
  readonly session?: string;
  readonly subject?: string;
  readonly issuedBefore?: string;
  readonly table?: readonly string[];
}

/** Adds `revoke` to the `token` commands. */
export function addTokenRevokeCommand(token: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const command = token
    .command("revoke [token]")
    .description('take back a token ("-" or nothing: from stdin), once it is verified, or what an option names')
    .option("--jti <jti>", "take back the token with this jti, without the token itself")
    .option(
      "--expires-at <time>",
      "with --jti: its exp, in epoch seconds or UTC; by default now and the longest lifetime",
    )
    .option("--session <sid>", "take back all tokens with this sid: log out")
    .option(
      "--subject <sub>",
      "take back all tokens of this sub: the account is compromised; block it in your own store first",
    )
    .option("--issued-before <time>", "with --subject: those issued before then; by default now, and never later");
  withVerificationOptions(withKeyOptions(withTableOption(command)))
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: RevokeOptions) => {
      setExitCode(await revoke(io, argument, options));
    });
}

async function revoke(io: CliIo, argument: string | undefined, options: RevokeOptions): Promise<ExitCode> {
  const target = takeTarget(argument, options);
  const config = await readRevoking(io, options);
  const clock = inSeconds(io.nowMs);
  const revocations = createRevocations({ ...config.timing, issuer: config.issuer, tables: config.tables, clock });
  if (target !== undefined) {
    requireNoKeys(options);
    requireAlive(target, config.timing, clock());
    return print(io, await revokeBy(revocations, target), target.kind, config, options);
  }
  const proven = await prove(io, argument, options, config.timing.clockSkewSeconds);
  if (typeof proven === "number") return proven;
  return print(io, await revocations.revokeToken(proven), "jti", config, options);
}

/**
 * @returns what is taken back without a token; undefined for a token
 * @throws UsageError for options that name several, or that belong to another
 */
function takeTarget(argument: string | undefined, options: RevokeOptions): NamedRevokeRequest | undefined {
  const { jti, session, subject, expiresAt, issuedBefore } = options;
  if ([argument, jti, session, subject].filter((one) => one !== undefined).length > 1) {
    throw new UsageError("take back one at a time: a token, --jti, --session or --subject");
  }
  if (expiresAt !== undefined && jti === undefined) throw new UsageError("--expires-at belongs to --jti");
  if (issuedBefore !== undefined && subject === undefined) throw new UsageError("--issued-before belongs to --subject");
  const time = (option: string, text: string | undefined): EpochSeconds | undefined =>
    text === undefined ? undefined : takeTime(option, text);
  if (jti !== undefined) return { kind: "jti", jti, expiresAt: time("--expires-at", expiresAt) };
  if (session !== undefined) return { kind: "sid", sid: session };
  if (subject === undefined) return undefined;
  return { kind: "sub", sub: subject, issuedBefore: time("--issued-before", issuedBefore) };
}

/** An option that would be ignored is refused. */
function requireNoKeys({ key, alg, maxTtl, gateway, anchors }: RevokeOptions): void {
  const others = { "--key": key, "--alg": alg, "--max-ttl": maxTtl, "--gateway": gateway, "--anchors": anchors };
  const given = Object.entries(others).find(([, value]) => value !== undefined);
  if (given !== undefined) throw new UsageError(`${given[0]} is for a token that is verified: leave it out`);
}

/** By K and L of the rings. */
function requireAlive(request: NamedRevokeRequest, timing: RevokingConfig["timing"], now: EpochSeconds): void {
  if (canBeAlive(request, timing, now)) return;
  const what = request.kind === "jti" ? "--expires-at has passed" : "--issued-before is too early";
  throw new UsageError(`${what}: nothing accepts the token any more, or the time is wrong`);
}

/** @returns the exit code when the token was refused, and said so */
async function prove(
  io: CliIo,
  argument: string | undefined,
  options: RevokeOptions,
  clockSkewSeconds: number,
): Promise<TokenName | ExitCode> {
  const { policy: _policy, ...others } = options;
  // Where no option says which keys verify, those do that verify in services.
  const isNamed = options.ring !== undefined || options.key !== undefined;
  const gateway = isNamed ? options.gateway : fromEnv(io, options.gateway, "SEALGATE_GATEWAY");
  // The policy of a ring says how long tokens live, whichever keys verify.
  const verifyBy =
    gateway === undefined
      ? prepareVerification(io, options.key === undefined ? options : others)
      : prepareVerification(io, { ...others, gateway });
  const verifier = { verify: async (token: string) => (await verifyBy(token, [NO_AUDIENCE])).verified };
  const token = await argumentOrStdin(io, argument, "token");
  const proven = await proveToken(verifier, token, clockSkewSeconds, inSeconds(io.nowMs)());
  if (proven.ok) return proven.value;
  io.err("Nothing was taken back: no gateway accepts this token.\n");
  return refuse(io, proven.error, options.json === true);
}

function print(
  io: CliIo,
  { entry, until, stored, failed }: Revoked,
  kind: "jti" | "sid" | "sub",
  { bound, timing }: RevokingConfig,
  { json }: RevokeOptions,
): ExitCode {
  const now = inSeconds(io.nowMs)();
  const times = refusalTimes(bound, now);
  const parsed = parseEntryKey(entry);
  const cut = parsed !== undefined && "cut" in parsed ? parsed.cut : undefined;
  if (json === true) printJson(io, { kind, entry, until, cut, stored, failed, ...times, bound });
  else {
    io.out(
      `taken back: ${describeKind(kind, cut)}\nentry ${entry} in ${stored.join(", ")}, until ${describeTime(until)}\n`,
    );
    io.out(describeBound(bound, times, now));
  }
  if (cut !== undefined && cut + timing.clockSkewSeconds > now) io.err(describeLogins(timing.clockSkewSeconds));
  for (const { table, code, message } of failed) {
    io.err(`${paint(io, "red", "not stored")} in ${table}, ${code}: ${message} Run the same command again.\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.notConverged;
}

function describeKind(kind: "jti" | "sid" | "sub", cut: EpochSeconds | undefined): string {
  if (cut !== undefined) return `all tokens of the subject with an iat before ${describeTime(cut)}`;
  return kind === "jti" ? "one token" : "all tokens of the session";
}

function describeBound(bound: RevocationBound, by: RefusalTimes, now: EpochSeconds): string {
  const { listSeconds, reconcileSeconds, stalenessSeconds } = bound;
  const at = (time: number): string => `${describeTime(time)} (${describeDistance(time - now)})`;
  return (
    `every gateway that reads the list refuses by ${at(by.refusedBy)}: ${listSeconds} s for the next list, ` +
    `${stalenessSeconds} s for KV and its caches\n` +
    `if the rotator runs on a schedule alone, by ${at(by.refusedByOnSchedule)}: up to ${describeDuration(reconcileSeconds)} for the next list\n`
  );
}

function describeLogins(clockSkewSeconds: number): string {
  return (
    `A new login within ${2 * clockSkewSeconds + 1} s may be refused, because clocks differ. ` +
    "A login that is under way gets a later iat: block the user in your own store first.\n"
  );
}
