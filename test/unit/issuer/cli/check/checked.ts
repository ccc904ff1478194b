/** A ring, and a gateway that has its key set, as the online checks see them. */
import { onTestFinished } from "vitest";
import { checkOnline } from "../../../../../issuer/cli/check/online.ts";
import type { OnlineOptions } from "../../../../../issuer/cli/check/online.ts";
import type { CheckRow } from "../../../../../issuer/cli/check/row.ts";
import type { CliIo } from "../../../../../issuer/cli/io.ts";
import { gatewayHealth } from "../../../../support/gateway-health.ts";
import { startKeySetServer } from "../../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../../support/key-set-server.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { jsonObject } from "../../../../support/values.ts";
import { startCliRing } from "../ring/support.ts";
import type { CliRing } from "../ring/support.ts";
import { jsonOf, testIo } from "../support.ts";
import { ANCHORS, GOOD, workerConfig } from "./support.ts";

export interface Checked {
  readonly cli: CliRing;
  readonly gateway: KeySetServer;
  /** TRUST_ANCHORS of the Worker. */
  readonly anchors: string;
  readonly rows: (changes?: Changes) => Promise<readonly CheckRow[]>;
}

export interface Changes {
  readonly anchors?: string;
  /** More vars of the Worker. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly io?: Partial<CliIo>;
  readonly options?: Partial<OnlineOptions>;
}

/** A ring just made, and a gateway that has its key set. */
export async function startChecked(argv: readonly string[] = ["init"]): Promise<Checked> {
  const cli = await startCliRing();
  const { trustAnchors } = jsonOf(await cli.ring([...argv, "--json"]));
  const anchors = JSON.stringify(trustAnchors ?? jsonObject(`{"a":${ANCHORS}}`)["a"]);
  const gateway = await startKeySetServer();
  onTestFinished(() => gateway.close());
  const rev = cli.stored() === undefined ? 1 : (await cli.document()).rev;
  gateway.serve(JSON.stringify(gatewayHealth({ status: "ok", rev, source: "memory", ageSeconds: 2 })));
  return {
    cli,
    gateway,
    anchors,
    rows({ anchors: pinned = anchors, vars: more = {}, env = {}, io = {}, options = {} } = {}) {
      const vars = { ...GOOD.vars, ISSUER: TEST_ISSUER, TRUST_ANCHORS: pinned, ...more };
      const nowMs = (): number => cli.clock.epochMs();
      return checkOnline(
        testIo({ nowMs, ...io }),
        { ...cli.env, ...env },
        {
          config: workerConfig({ vars }),
          gateway: new URL(gateway.url),
          role: undefined,
          mayWrite: false,
          ...options,
        },
      );
    },
  };
}

export function only(rows: readonly CheckRow[], status: CheckRow["status"]): readonly CheckRow[] {
  return rows.filter((row) => row.status === status);
}

/** The mistakes that are found: what a person reads. */
export function mistakes(rows: readonly CheckRow[]): readonly string[] {
  return only(rows, "wrong").map(({ check, message, repair }) => `${check}: ${message} → ${String(repair)}`);
}
