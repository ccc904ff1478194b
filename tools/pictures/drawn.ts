/** Every picture that is drawn, without a browser. */
import { publishedRun } from "../performance.ts";
import { ARCHITECTURE } from "./architecture.ts";
import { performanceCharts } from "./charts.ts";
import { LIFECYCLE } from "./lifecycle.ts";
import { REQUEST } from "./request.ts";
import { ROTATION } from "./rotation.ts";
import type { Picture } from "./svg.ts";

export function drawnPictures(): readonly Picture[] {
  return [ARCHITECTURE, REQUEST, ROTATION, LIFECYCLE, ...performanceCharts(publishedRun())];
}
