/**
 * Keeps the emulator's state, private keys included, in one JSON file: written whole to a neighbour and renamed over it, mode
 * 0600, with a SHA-256 of its content. A file that is damaged, readable by others, or written by another process meanwhile is
 * refused, never repaired. The hash finds damage, not forgery: a process that may write the file owns the keys anyway.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isJsonObject, parseJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { KmsEmulatorError } from "./errors.ts";
import { decodeState, encodeState } from "./state-codec.ts";
import { lockStateFile, temporaryPath } from "./state-lock.ts";
import type { StateLock } from "./state-lock.ts";
import type { StoredState } from "./store.ts";

const FORMAT = "sealgate-kms-emulator/1";
const WARNING = "Private keys of an emulator, in the clear. Not a KMS: never trust a token signed by them.";

/** The file of one emulator, locked until it is closed. Remembers what it last saw, to notice a writer that knows no lock. */
export class StateFile {
  readonly #path: string;
  readonly #lock: StateLock;
  #seen = "";

  /** @throws KmsEmulatorError kms_emulator_state_locked, or …_unreadable when the folder cannot be written. */
  constructor(path: string) {
    this.#path = path;
    this.#lock = lockStateFile(path);
  }

  /** Lets another emulator have the file. */
  close(): void {
    this.#lock.release();
  }

  /**
   * @returns the saved state, or undefined when there is no file yet.
   * @throws KmsEmulatorError kms_emulator_state_exposed, …_damaged or …_unreadable.
   */
  load(): StoredState | undefined {
    const bytes = this.#read();
    if (bytes === undefined) return undefined;
    if (process.platform !== "win32" && (statSync(this.#path).mode & 0o077) !== 0) {
      throw new KmsEmulatorError(
        "kms_emulator_state_exposed",
        `${this.#path} holds private keys but others may read it: run chmod 600 on it, or delete it to start afresh.`,
      );
    }
    const document = parseJsonObject(bytes);
    const state = document.ok ? document.value["state"] : undefined;
    // What was written is a function of the state, so one comparison covers format, warning, hash and white space.
    if (!isJsonObject(state) || !bytes.equals(render(state))) throw damaged(this.#path);
    try {
      return decodeState(state);
    } catch (cause) {
      throw damaged(this.#path, cause);
    }
  }

  #read(): Buffer | undefined {
    try {
      this.#seen = fingerprint(this.#path);
      return this.#seen === "" ? undefined : readFileSync(this.#path);
    } catch (cause) {
      throw new KmsEmulatorError("kms_emulator_state_unreadable", `${this.#path} cannot be read.`, { cause });
    }
  }

  /**
   * Replaces the file; a reader sees the old content or the new, whole.
   * @throws KmsEmulatorError kms_emulator_state_changed when another program wrote it since, or …_unreadable
   */
  save(stored: StoredState): void {
    if (!this.#lock.isHeld() || fingerprint(this.#path) !== this.#seen) {
      throw new KmsEmulatorError(
        "kms_emulator_state_changed",
        `${this.#path} was changed by another program: give each emulator its own file.`,
      );
    }
    const temporary = temporaryPath(this.#path);
    try {
      writeDurably(temporary, render(encodeState(stored)));
      renameSync(temporary, this.#path);
    } catch (cause) {
      throw new KmsEmulatorError("kms_emulator_state_unreadable", `${this.#path} cannot be written.`, { cause });
    } finally {
      rmSync(temporary, { force: true });
    }
    this.#seen = fingerprint(this.#path);
  }
}

function writeDurably(path: string, content: Buffer): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Identity of a file's content as far as the file system tells it; empty when there is no file. */
function fingerprint(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function damaged(path: string, cause?: unknown): KmsEmulatorError {
  const message = `${path} is damaged or not a state file of this version: restore it, or delete it to start afresh.`;
  return new KmsEmulatorError("kms_emulator_state_damaged", message, { cause });
}

/** The whole content of a file with this state. */
function render(state: JsonObject): Buffer {
  const sha256 = createHash("sha256").update(JSON.stringify(state)).digest("hex");
  return Buffer.from(`${JSON.stringify({ format: FORMAT, warning: WARNING, sha256, state }, null, 2)}\n`);
}
