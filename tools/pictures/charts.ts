/** Charts of the published run of the benchmark. Every number is one of docs/performance.json. Pure. */
import type { BenchRun } from "../../bench/lib/run.ts";
import { drawBars } from "./bars.ts";
import { drawDots } from "./dots.ts";
import type { Picture } from "./svg.ts";

const SIGNATURE_ALONE = "bare subtle.verify";

export function performanceCharts(run: BenchRun): readonly Picture[] {
  return [
    drawBars(run, {
      file: "performance-verify.svg",
      title: "CPU to verify a token",
      suite: "verify",
      floor: SIGNATURE_ALONE,
      rows: [
        [SIGNATURE_ALONE, "the signature check alone", "peer"],
        ["sealgate verifyToken", "sealgate, new token", "accent"],
        ["sealgate first sight", "sealgate, new, and remembered", "accent"],
        ["sealgate remembered", "sealgate, seen before", "accent"],
        ["jose, key set", "jose", "peer"],
        ["oauth4webapi", "oauth4webapi", "peer"],
        ["aws-jwt-verify", "aws-jwt-verify", "peer"],
        ["@tsndr/cloudflare-worker-jwt", "@tsndr/cloudflare-worker-jwt", "peer"],
        ["hono/jwk", "hono/jwk", "peer"],
      ],
      note: "The whole check in workerd: signature, iss, aud, exp. The factor is the one over the signature check alone.",
    }),
    drawDots(run, {
      file: "performance-algorithms.svg",
      title: "CPU to verify a new token, over the signature check alone",
      suite: "verify",
      floor: SIGNATURE_ALONE,
      series: [
        ["sealgate verifyToken", "sealgate", "accent"],
        ["jose, key set", "jose", "retiring"],
        ["aws-jwt-verify", "aws-jwt-verify (no PS)", "published"],
        ["hono/jwk", "hono/jwk", "safe"],
      ],
    }),
    drawBars(run, {
      file: "performance-gateway.svg",
      title: "CPU of a request through a Worker",
      suite: "gateway",
      floor: "pass-through",
      rows: [
        ["pass-through", "forwards, and nothing else", "peer"],
        ["hono/proxy", "hono/proxy", "peer"],
        ["the promised work alone", "the promised header work alone", "peer"],
        ["sealgate, public route", "sealgate, public route", "accent"],
        ["sealgate, remembered", "sealgate, token seen before", "accent"],
        ["sealgate, remembered, with its log", "the same, with its log", "accent"],
        ["sealgate, first sight", "sealgate, new token", "accent"],
        ["subtle.verify, then pass", "signature check, then forward", "peer"],
        ["jose, then pass", "jose, then forward", "peer"],
        ["hono/jwk, then pass", "hono/jwk, then forward", "peer"],
      ],
      note: "HTTP server and origin server included. The last three check the token, but clean no headers and name no caller to the origin.",
    }),
  ];
}
