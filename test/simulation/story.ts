/** What happened in a history, a line an event, for whoever replays one. Kids are cut to their first six characters. */
import { START_MS } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import type { Violation } from "./invariants.ts";
import type { KmsChange } from "./kms-model.ts";
import type { KvWrite } from "./kv-model.ts";
import type { AuditEntry } from "./ports.ts";
import type { Attempt } from "./signer.ts";

/** Is told each line of a story. */
export type Listener = (line: string) => void;

export interface Story {
  onAudit(entry: AuditEntry): void;
  onKms(change: KmsChange): void;
  onWrite(write: KvWrite): void;
  onNoToken(attempt: Attempt): void;
  onViolation(violation: Violation): void;
}

const short = (kid: string): string => kid.slice(0, 6);

export function createStory(clock: WorldClock, tell: Listener): Story {
  const say = (what: string): void => tell(`${((clock.nowMs - START_MS) / 1000).toFixed(1).padStart(8)} s  ${what}`);
  return {
    onAudit({ actor, step, reasons, generation, kid, result, fault }) {
      const subject = [generation ?? "", kid === undefined ? "" : short(kid), reasons.join(" ")];
      say([actor, step, ...subject, fault ?? result].filter((part) => part !== "").join(", "));
    },
    onKms(change) {
      if (change.kind === "signed" || change.kind === "refused") return;
      const key = change.keyArn.slice(change.keyArn.lastIndexOf("/") + 1);
      const what = "aliasName" in change ? `${change.kind} ${change.aliasName}` : change.kind;
      const tags = change.kind === "tagged" ? ` ${JSON.stringify(change.tags)}` : "";
      say(`  KMS key ${key} ${what}${tags}, by a ${change.by}`);
    },
    onWrite(write) {
      if (write.by === "other") return say("  KV: a foreign write");
      const { rev, states, revoked } = documentOf(write);
      const keys = [...states].map(([kid, state]) => `${short(kid)} ${state}`);
      const dead = [...revoked].map((kid) => `${short(kid)} revoked`);
      const late = write.isLate ? ", late" : "";
      say(
        `  KV: rev ${rev}, composed at ${((write.composedMs - START_MS) / 1000).toFixed(1)} s${late}: ${[...keys, ...dead].join(", ")}`,
      );
    },
    onNoToken({ signer, code }) {
      say(`  signer ${signer + 1} has issued none: ${code}`);
    },
    onViolation({ invariant, detail }) {
      say(`BROKEN ${invariant}: ${detail}`);
    },
  };
}
