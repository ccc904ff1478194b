/**
 * The feature `dataPoints`: each request as a data point of Analytics Engine (the binding `EVENTS`). What is in one is in
 * observe/data-point.ts.
 */
import { canDo, isAbsent } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { writeEvent } from "../observe/data-point.ts";
import type { EventDataset } from "../observe/data-point.ts";

export const dataPoints: Feature = {
  name: "dataPoints",
  read({ env, report }) {
    const dataset = env["EVENTS"];
    if (isDataset(dataset)) return { record: (event) => writeEvent(dataset, event) };
    if (!isAbsent(dataset)) report("EVENTS", "must be an Analytics Engine binding");
    return {};
  },
};

function isDataset(value: unknown): value is EventDataset {
  return canDo(value, "writeDataPoint");
}
