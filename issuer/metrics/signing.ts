/**
 * Metrics of a service that signs, for Prometheus: how many tokens, how many failures by code, and how long each took; and the same of
 * requests that take tokens back.
 */
import { Counter, Histogram, Registry } from "prom-client";

/** One attempt to sign, as the service logs it. */
export interface SignAttempt {
  /** Why there is no token; undefined for one that was signed. */
  readonly code?: string | undefined;
  readonly durationMs: number;
}

export interface SigningMetrics {
  note(attempt: SignAttempt): void;
  /** @param code why a request to take back was refused or failed; undefined for one that was answered 200 */
  noteRevocation(code: string | undefined): void;
  /** The text of https://prometheus.io/docs/instrumenting/exposition_formats/, and its media type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** From one call on the same Region to the deadline of 10 s. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

export function createSigningMetrics(): SigningMetrics {
  const registry = new Registry();
  const registers = [registry];
  const signatures = new Counter({
    name: "sealgate_signatures_total",
    help: "Tokens that were signed.",
    registers,
  });
  const failures = new Counter({
    name: "sealgate_sign_failures_total",
    help: "Requests that got no token, by the code of the failure (docs/errors.md).",
    labelNames: ["code"],
    registers,
  });
  const duration = new Histogram({
    name: "sealgate_sign_duration_seconds",
    help: "Time from the request to the token, KMS included.",
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const revocations = new Counter({
    name: "sealgate_revocations_total",
    help: "Requests to take back tokens that were answered 200.",
    registers,
  });
  const revocationFailures = new Counter({
    name: "sealgate_revocation_failures_total",
    help: "Requests to take back tokens that were refused or failed, by the code (docs/errors.md).",
    labelNames: ["code"],
    registers,
  });
  return {
    note({ code, durationMs }) {
      if (code !== undefined) return failures.inc({ code });
      signatures.inc();
      duration.observe(durationMs / 1000);
    },
    noteRevocation(code) {
      if (code === undefined) revocations.inc();
      else revocationFailures.inc({ code });
    },
    async render() {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
