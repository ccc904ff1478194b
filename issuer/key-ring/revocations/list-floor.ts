/**
 * Which list of taken-back tokens the next key set document names as the least: one that every edge has by now. The floor keeps an
 * old list away from an edge that has the key set, and a floor that comes early would lock edges out: KV's entries arrive
 * independently of each other, each within S. So it is a list which KV shows S + K + 1 after it was read from the table: none with
 * a lower `rev` can have replaced it since, as writers give up long before.
 */
import type { EpochSeconds, IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import { SealgateError } from "../../errors.ts";
import type { RevocationsPublisher } from "../../publish/publisher.ts";
import type { Signer } from "../../signer.ts";
import { within } from "../../within.ts";
import type { StartTimer } from "../../within.ts";
import type { ListFloor } from "../model/steps.ts";
import { observeList } from "./observe-list.ts";

/** A key set does not wait for longer than this. */
const LIMIT_MS = 5000;

interface Question {
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  readonly list: ListFloor;
  readonly root: Signer;
}

/** @returns the floor that the document before states, when KV cannot be read in time or shows no list that is old enough */
export async function chooseListFloor(
  publisher: Pick<RevocationsPublisher, "readRevocations">,
  { issuer, ring, list, root }: Question,
  { clock, startTimer }: { readonly clock: () => EpochSeconds; readonly startTimer: StartTimer },
): Promise<number | undefined> {
  try {
    const observe = () => observeList(publisher, { issuer, ring, roots: [root] });
    const { held } = await within(LIMIT_MS, startTimer, observe, late);
    if (held.kind !== "read" || held.list.issuedAt > clock() - list.settledAfterSeconds) return list.leastRev;
    return Math.max(held.list.rev, list.leastRev ?? 0);
  } catch (error) {
    if (error instanceof SealgateError) return list.leastRev;
    throw error;
  }
}

function late(): SealgateError {
  return new SealgateError("publish_timeout", "The revocation list could not be read in time.", { retryable: true });
}
