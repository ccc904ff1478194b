/** Whether each gateway pins a root key: its health endpoint says so. */
import type { RingName } from "../../../shared/identifiers.ts";
import { askGateway } from "./gateway-health.ts";

/** @returns a sentence for each gateway that does not pin the key, or does not say so; empty when all do */
export async function findUnpinned(
  gateways: readonly URL[],
  ring: RingName,
  kid: string,
  interrupted: AbortSignal,
): Promise<readonly string[]> {
  const healths = await Promise.all(gateways.map((gateway) => askGateway(gateway, ring, interrupted)));
  return healths.flatMap(({ url, status, anchors, problem }) => {
    if (anchors.includes(kid)) return [];
    const why = problem === undefined ? "" : ` (${problem})`;
    if (status === "unreachable") return [`${url} does not say which root keys it pins${why}.`];
    return [`${url} does not pin the next root key, ${kid}: deploy the line of ring anchors there.`];
  });
}
