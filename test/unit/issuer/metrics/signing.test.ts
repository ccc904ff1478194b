/** Prometheus' text of a service that signs. */
import { expect, test } from "vitest";
import { createSigningMetrics } from "../../../../issuer/metrics/signing.ts";

test("counts signatures and failures by code, and how long signatures took", async () => {
  const metrics = createSigningMetrics();
  metrics.note({ durationMs: 8 });
  metrics.note({ durationMs: 700 });
  metrics.note({ code: "kms_throttled", durationMs: 9000 });
  const { text, contentType } = await metrics.render();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(samples).toEqual(
    expect.arrayContaining([
      "sealgate_signatures_total 2",
      'sealgate_sign_failures_total{code="kms_throttled"} 1',
      'sealgate_sign_duration_seconds_bucket{le="0.01"} 1',
      'sealgate_sign_duration_seconds_bucket{le="1"} 2',
      "sealgate_sign_duration_seconds_count 2",
      "sealgate_sign_duration_seconds_sum 0.708",
    ]),
  );
});

test("counts what was taken back, and failures by code", async () => {
  const metrics = createSigningMetrics();
  metrics.noteRevocation(undefined);
  metrics.noteRevocation("revocations_full");
  const { text } = await metrics.render();
  expect(text).toContain("sealgate_revocations_total 1");
  expect(text).toContain('sealgate_revocation_failures_total{code="revocations_full"} 1');
});

test("two services in one process do not count for each other", async () => {
  const [one, other] = [createSigningMetrics(), createSigningMetrics()];
  one.note({ durationMs: 1 });
  expect((await other.render()).text).toContain("sealgate_signatures_total 0");
});
