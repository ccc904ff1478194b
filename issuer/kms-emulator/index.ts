/**
 * An emulator of AWS KMS for development and tests: an HTTP server on loopback that speaks KMS's wire protocol over
 * node:crypto, so that any unmodified AWS SDK reaches it through AWS_ENDPOINT_URL_KMS. It is NOT a KMS: private keys are
 * in this process (and in the state file, if one is given), signatures of requests are not verified, and key policies,
 * grants, quotas and encryption are not emulated.
 */
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { KmsEmulatorError } from "./errors.ts";
import { Faults } from "./faults.ts";
import { NO_REQUESTS } from "./operation-names.ts";
import type { KmsOperation } from "./operation-names.ts";
import type { Place } from "./identifiers.ts";
import { createKmsServer } from "./server.ts";
import type { RequestEntry } from "./server.ts";
import { StateFile } from "./state-file.ts";
import { KmsStore } from "./store.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import type { StoredState } from "./store.ts";

export { KmsEmulatorError } from "./errors.ts";
export type { KmsEmulatorErrorCode } from "./errors.ts";
export type { FaultKind, FaultRule, Faults } from "./faults.ts";
export type { KmsOperation } from "./operation-names.ts";
export type { RequestEntry } from "./server.ts";

const HOST = "127.0.0.1";
const DEFAULT_PLACE: Place = { region: "us-east-1", accountId: "111122223333" };

export interface KmsEmulatorOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Where keys and aliases are kept between runs; without it they live in memory only. */
  readonly stateFile?: string;
  /** Region in ARNs; by default the state file's, or us-east-1. */
  readonly region?: string;
  /** Twelve-digit account in ARNs; by default the state file's, or 111122223333. */
  readonly accountId?: string;
  /** Clock, epoch milliseconds; Date.now by default. Drives dates, visibility delays, deletions and the Date header. */
  readonly now?: () => number;
  /** Called for each request once it is carried out, before the answer leaves. */
  readonly onRequest?: (entry: RequestEntry) => void;
}

export interface KmsEmulator extends Place {
  /** Value for AWS_ENDPOINT_URL_KMS. */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** Requests seen so far for each operation, refused and faulted ones included. */
  readonly requests: Readonly<Record<KmsOperation, number>>;
  /** What to show a person who starts it. */
  banner(): string;
  /** Stops listening and cuts open connections, hanging ones too. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts an emulator on 127.0.0.1.
 * @throws TypeError for options that make no sense; KmsEmulatorError when the state file is refused or the port is taken.
 */
export async function startKmsEmulator(options: KmsEmulatorOptions = {}): Promise<KmsEmulator> {
  checkOptions(options);
  const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
  try {
    return await start(options, file);
  } catch (error) {
    file?.close();
    throw error;
  }
}

async function start(options: KmsEmulatorOptions, file: StateFile | undefined): Promise<KmsEmulator> {
  const nowMs = options.now ?? Date.now;
  const faults = new Faults();
  const store = new KmsStore(initialState(options, file), faults, (state) => file?.save(state));
  const requests: Record<KmsOperation, number> = { ...NO_REQUESTS };
  const closing = new AbortController();
  const banner = (): string => bannerText(urlOf(server), store.place, options.stateFile);
  const onRequest = (entry: RequestEntry): void => {
    if (entry.operation !== undefined) requests[entry.operation] += 1;
    options.onRequest?.(entry);
  };
  const server = createKmsServer({ store, faults, nowMs, banner, onRequest, closing: closing.signal });
  await listen(server, options.port ?? 0);
  return {
    ...store.place,
    url: urlOf(server),
    port: portOf(server),
    faults,
    requests,
    banner,
    close: async () => {
      closing.abort();
      await close(server);
      file?.close();
    },
  };
}

function checkOptions({ port, region, accountId, stateFile }: KmsEmulatorOptions): void {
  if (port !== undefined && !(isWholeNumber(port, 0) && port <= 65_535)) {
    throw new TypeError("port must be a whole number from 0 to 65535");
  }
  if (region !== undefined && !/^[a-z]{2}(-[a-z0-9]+)+-\d+$/.test(region)) {
    throw new TypeError("region must look like us-east-1");
  }
  if (accountId !== undefined && !/^\d{12}$/.test(accountId)) throw new TypeError("accountId must have twelve digits");
  if (stateFile === "") throw new TypeError("stateFile must not be empty");
}

/** The saved state, or an empty one. A Region or account that is asked for must be the one the saved keys were made in. */
function initialState({ region, accountId, stateFile }: KmsEmulatorOptions, file: StateFile | undefined): StoredState {
  const saved = file?.load();
  if (saved === undefined) {
    const place = { region: region ?? DEFAULT_PLACE.region, accountId: accountId ?? DEFAULT_PLACE.accountId };
    return { ...place, keys: [], aliases: [] };
  }
  if ((region ?? saved.region) !== saved.region || (accountId ?? saved.accountId) !== saved.accountId) {
    throw new KmsEmulatorError(
      "kms_emulator_state_mismatch",
      `${stateFile} holds keys of ${saved.region}, account ${saved.accountId}: leave region and account out, or use another file.`,
    );
  }
  return saved;
}

function bannerText(url: string, { region, accountId }: Place, stateFile: string | undefined): string {
  const keys = stateFile === undefined ? "in the memory of this process" : `in the clear in ${stateFile}`;
  return [
    `KMS emulator on ${url} (${region}, account ${accountId}), for development and tests.`,
    `This is NOT a KMS: its private keys lie ${keys}. Never trust a token signed here.`,
    `Use it with AWS_ENDPOINT_URL_KMS=${url} AWS_REGION=${region} and any credentials.`,
  ].join("\n");
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Port ${port} on ${HOST} cannot be used: choose another, or 0 for a free one.`;
      reject(new KmsEmulatorError("kms_emulator_port_unavailable", message, { cause }));
    });
    server.listen(port, HOST, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The callback's error only says that the server was not listening any more.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server is not listening on TCP");
  return address.port;
}

function urlOf(server: Server): string {
  return `http://${HOST}:${portOf(server)}`;
}
