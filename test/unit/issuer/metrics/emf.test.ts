/** The Embedded Metric Format: what CloudWatch needs to find in a line. */
import { expect, test } from "vitest";
import { toEmfLine } from "../../../../issuer/metrics/emf.ts";

test("a line names each metric and dimension, and has a member for each", () => {
  const line = toEmfLine({
    timeMs: 1_800_000_000_000,
    dimensions: { ring: "main", code: undefined },
    measurements: [
      { name: "document_age", unit: "Seconds", value: 12 },
      { name: "run_succeeded", unit: "Count", value: 1 },
    ],
  });
  expect(line).not.toContain("\n");
  expect(JSON.parse(line)).toEqual({
    _aws: {
      Timestamp: 1_800_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: "sealgate",
          Dimensions: [["ring"]],
          Metrics: [
            { Name: "document_age", Unit: "Seconds" },
            { Name: "run_succeeded", Unit: "Count" },
          ],
        },
      ],
    },
    ring: "main",
    document_age: 12,
    run_succeeded: 1,
  });
});
