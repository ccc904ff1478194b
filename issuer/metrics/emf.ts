/**
 * Metrics for CloudWatch as one line of JSON on stdout, the Embedded Metric Format: no call, no agent, and nothing to wait for
 * before Lambda freezes the process.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

/** Units that CloudWatch knows. */
export type MetricUnit = "Seconds" | "Milliseconds" | "Count" | "None";

export interface Measurement {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly value: number;
}

export interface EmfLine {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  /** One metric per name and set of dimensions. A value that is undefined leaves its dimension out. */
  readonly dimensions: Readonly<Record<string, string | undefined>>;
  readonly measurements: readonly Measurement[];
}

const NAMESPACE = "sealgate";

/** @returns a line without its end; write it to `process.stdout`, since Lambda's JSON log format wraps what `console.log` gets */
export function toEmfLine({ timeMs, dimensions, measurements }: EmfLine): string {
  const named = Object.entries(dimensions).filter(([, value]) => value !== undefined);
  const metrics = measurements.map(({ name, unit }) => ({ Name: name, Unit: unit }));
  return JSON.stringify({
    _aws: {
      Timestamp: timeMs,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [named.map(([name]) => name)], Metrics: metrics }],
    },
    ...Object.fromEntries(named),
    ...Object.fromEntries(measurements.map(({ name, value }) => [name, value])),
  });
}
