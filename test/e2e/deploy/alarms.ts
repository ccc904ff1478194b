/** The alarms that a stack has, by the end of their names: those of docs/monitoring.md that CloudWatch can see. */
const ring = [{ Name: "ring", Value: "main" }];

export const ALARMS: readonly (readonly [name: string, properties: object])[] = [
  [
    "rotator-silent",
    {
      Metrics: [
        {
          MetricStat: {
            Metric: { Namespace: "sealgate", MetricName: "run_succeeded", Dimensions: ring },
            Period: 300,
            Stat: "Sum",
          },
          ReturnData: false,
        },
        { Expression: "FILL(runs, 0)", ReturnData: true },
      ],
      EvaluationPeriods: 3,
      DatapointsToAlarm: 3,
      TreatMissingData: "breaching",
      ComparisonOperator: "LessThanThreshold",
      Threshold: 1,
    },
  ],
  [
    "rotator-errors",
    {
      Namespace: "AWS/Lambda",
      MetricName: "Errors",
      Statistic: "Sum",
      Period: 300,
      Threshold: 1,
      Dimensions: [{ Name: "FunctionName", Value: "sealgate-main-reconcile" }],
    },
  ],
  [
    "document-old",
    { Namespace: "sealgate", MetricName: "document_life_used", Dimensions: ring, Threshold: 0.5, Period: 300 },
  ],
  ["rotation-overdue", { Namespace: "sealgate", MetricName: "rotation_overdue", Dimensions: ring, Threshold: 3600 }],
  [
    "revoking-fails",
    { MetricName: "Errors", Dimensions: [{ Name: "FunctionName", Value: "sealgate-main-revoke" }], Period: 60 },
  ],
  ["list-old", { Namespace: "sealgate", MetricName: "list_life_used", Dimensions: ring, Threshold: 0.5 }],
  ["list-full", { Namespace: "sealgate", MetricName: "list_left_out", Dimensions: ring, Threshold: 0 }],
  [
    "signing-fails",
    {
      Metrics: [
        { Expression: "SUM(METRICS())", ReturnData: true },
        ...[
          "kms_access_denied",
          "kms_key_disabled",
          "kms_key_not_found",
          "kms_key_pending_deletion",
          "kms_key_unavailable",
          "kms_key_unfit",
        ].map((code) => ({
          MetricStat: {
            Metric: {
              Namespace: "sealgate",
              MetricName: "sign_failures",
              Dimensions: [...ring, { Name: "code", Value: code }],
            },
            Period: 60,
            Stat: "Sum",
          },
          ReturnData: false,
        })),
      ],
      EvaluationPeriods: 1,
      TreatMissingData: "notBreaching",
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: 1,
    },
  ],
  [
    "signing-throttled",
    {
      Namespace: "sealgate",
      MetricName: "sign_failures",
      TreatMissingData: "notBreaching",
      Dimensions: [...ring, { Name: "code", Value: "kms_throttled" }],
    },
  ],
];
