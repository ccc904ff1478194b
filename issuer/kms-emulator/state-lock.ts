/**
 * One emulator per state file: a lock file beside it names the process that holds it. A lock whose process has ended, however
 * it ended, is taken over. The lock is looked at again before each write, so that the rarest race stops an emulator instead of
 * losing a key.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { KmsEmulatorError } from "./errors.ts";

export interface StateLock {
  /** Whether it still is this emulator's. */
  isHeld(): boolean;
  release(): void;
}

/** Of several emulators that find the same old lock, each may have to look once more for each other one. */
const MAX_TRIES = 20;

/**
 * Locks a state file, and removes what a killed emulator has left half-written beside it: private keys, in the clear.
 * @throws KmsEmulatorError `kms_emulator_state_locked`, or `…_unreadable` for a folder that cannot be written
 */
export function lockStateFile(path: string): StateLock {
  const lockPath = `${path}.lock`;
  const mine = `${process.pid} ${startOf(process.pid)} ${randomUUID()}\n`;
  acquire(path, lockPath, mine);
  removeTemporaries(path);
  const isHeld = (): boolean => read(lockPath) === mine;
  return {
    isHeld,
    release: () => {
      if (isHeld()) rmSync(lockPath, { force: true });
    },
  };
}

/** The name of a file that is renamed over the state file once it is whole. */
export function temporaryPath(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

function acquire(path: string, lockPath: string, mine: string): void {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (create(lockPath, mine, path)) return;
    const holder = read(lockPath);
    if (holder === undefined) continue;
    const pid = pidOf(holder);
    if (pid !== undefined) throw locked(path, `process ${pid}`);
    remove(lockPath, holder);
  }
  throw locked(path, "another emulator that starts at the same time");
}

/** Creates the lock whole or not at all: a link, unlike a new file, appears with its content. */
function create(lockPath: string, content: string, path: string): boolean {
  const temporary = temporaryPath(path);
  try {
    writeFileSync(temporary, content, { flag: "wx", mode: 0o600 });
    linkSync(temporary, lockPath);
    return true;
  } catch (cause) {
    if (isCode(cause, "EEXIST")) return false;
    throw new KmsEmulatorError(
      "kms_emulator_state_unreadable",
      `${path} cannot be written: create the folder ${dirname(path)}, or make it writable.`,
      { cause },
    );
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes the lock of a process that has ended, unless another emulator has done so and locked the file meanwhile. */
function remove(lockPath: string, holder: string): void {
  const aside = `${lockPath}.${randomUUID()}.tmp`;
  try {
    renameSync(lockPath, aside);
    if (read(aside) !== holder) linkSync(aside, lockPath);
  } catch (cause) {
    // Taken over, or put back, by another emulator: the next look tells.
    if (!isCode(cause, "ENOENT") && !isCode(cause, "EEXIST")) throw cause;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** The process that holds the lock; undefined when it has ended, even if another process has got its number since. */
function pidOf(holder: string): number | undefined {
  const [, digits = "", start = ""] = /^(\d{1,10}) (\S+) /.exec(holder) ?? [];
  const pid = Number(digits);
  return pid > 0 && isAlive(pid) && startOf(pid) === start ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to another user.
    return isCode(error, "EPERM");
  }
}

/** When the process started, as Linux counts it (proc(5), field 22); "-" where that cannot be found out. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program, in parentheses, may hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "-";
}

function removeTemporaries(path: string): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    const isOurs = name.startsWith(prefix) && /^(?:lock\.)?[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length));
    if (isOurs) rmSync(join(folder, name), { force: true });
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function locked(path: string, holder: string): KmsEmulatorError {
  return new KmsEmulatorError(
    "kms_emulator_state_locked",
    `${path} is in use by ${holder}: give each emulator its own file, or stop the other one.`,
  );
}
