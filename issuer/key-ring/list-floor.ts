/** The floor under the `rev` of the list of taken-back tokens, as the last document of the ring states it. Pure. */
import type { ObservedRing } from "./model/observed.ts";

/** Also of an expired document: a floor that was lowered would let an old list in again. */
export function leastListRev({ document, newer }: Pick<ObservedRing, "document" | "newer">): number | undefined {
  const known = [document.kind === "read" ? document.document : undefined, newer];
  const floors = known.flatMap((one) => one?.revocations?.leastRev ?? []);
  return floors.length === 0 ? undefined : Math.max(...floors);
}
