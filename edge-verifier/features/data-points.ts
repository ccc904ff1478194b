/**
 * The feature `dataPoints`: each request as a data point of Workers Analytics Engine (the binding `EVENTS`), for dashboards and
 * alarms over more requests than logs are kept of. The positions are stable: queries depend on them (docs/gateway-log.md).
 */
import { canDo } from "../config/values.ts";
import type { RequestEvent } from "../request/event.ts";
import type { Feature } from "../request/hooks.ts";

/** What is used of an Analytics Engine binding. Writing does not wait. */
interface EventDataset {
  writeDataPoint(point: DataPoint): void;
}

export interface DataPoint {
  readonly indexes: string[];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** developers.cloudflare.com/analytics/analytics-engine/limits: one index of at most 96 bytes. */
const MAX_INDEX_LENGTH = 96;

export const dataPoints: Feature = {
  name: "dataPoints",
  read({ env, report }) {
    const dataset = env["EVENTS"];
    if (isDataset(dataset)) return { onEvent: (event) => writeEvent(dataset, event) };
    if (dataset !== undefined) report("EVENTS", "must be an Analytics Engine binding");
    return {};
  },
};

function isDataset(value: unknown): value is EventDataset {
  return canDo(value, "writeDataPoint");
}

/** An error is dropped: an answer never depends on the dashboard. */
function writeEvent(dataset: EventDataset, event: RequestEvent): void {
  try {
    dataset.writeDataPoint(pointOf(event));
  } catch {
    // More than the platform takes for one invocation, say.
  }
}

function pointOf(event: RequestEvent): DataPoint {
  const { route = "", keySet } = event;
  return {
    // What is sampled is sampled within a route: a busy one does not hide a quiet one. Patterns are ASCII.
    indexes: [route.slice(0, MAX_INDEX_LENGTH)],
    blobs: [
      event.decision,
      event.code ?? event.reported?.code ?? "",
      event.refusal?.code ?? event.reported?.refusal.code ?? "",
      route,
      event.method,
      event.alg ?? "",
      event.kid ?? "",
      event.version ?? "",
      keySet?.source ?? "",
    ],
    doubles: [
      event.status,
      event.originMs ?? -1,
      event.keysMs ?? -1,
      keySet?.ageSeconds ?? -1,
      keySet?.rev ?? -1,
      event.reported === undefined ? 0 : 1,
    ],
  };
}
