/** What the deployed gateway says of itself, held against the published key set. Pure but for the question. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import type { RingPolicy } from "../../key-ring/index.ts";
import { compareWithPublished } from "../ring/gateway-health.ts";
import type { GatewayHealth } from "../ring/gateway-health.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";

/**
 * @param isNamed whether the gateway was named by an option: one that is only known from `routes` may not be deployed yet
 * @param document what KV holds, if it is known
 */
export function gatewayRow(
  health: GatewayHealth,
  isNamed: boolean,
  document: KeySetDocument | undefined,
  policy: RingPolicy,
  now: EpochSeconds,
): CheckRow {
  const { status, problem, url } = health;
  const why = problem === undefined ? "" : ` (${problem})`;
  if (status === "unreachable") {
    if (!isNamed) return skipped("gateway", `${url} does not answer${why}: the gateway may not be deployed yet.`);
    return wrong(
      "gateway",
      `${url} does not answer as a gateway${why}.`,
      "Deploy the Worker, and look at its routes and DNS.",
    );
  }
  if (status !== "ok")
    return wrong(
      "gateway",
      `The gateway says that it is ${status}${why}.`,
      "See the code in docs/errors.md, and the gateway's log.",
    );
  const published = compareWithPublished(health, document, stalenessBoundSeconds(policy.timing), now);
  switch (published) {
    case "same":
    case "behind":
      return fine(
        "gateway",
        `The gateway is healthy, and ${published === "same" ? "has the key set that KV holds" : "will have the new key set within S"}.`,
      );
    case "unknown":
      return fine("gateway", "The gateway is healthy. What KV holds was not compared.");
    case "ahead":
    case "too_old": {
      const which = published === "ahead" ? "a newer key set than KV holds" : "an older key set than it should have";
      const repair =
        "See that the gateway reads the namespace that the rotator writes: the id of KEY_SETS, and SEALGATE_KV_NAMESPACE_ID. Then run sealgate ring reconcile.";
      return wrong("gateway", `The gateway has ${which}.`, repair);
    }
  }
}
