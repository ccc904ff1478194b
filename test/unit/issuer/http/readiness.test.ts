/** `/readyz`: what became of the last signature, and when a probe signs by itself. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createRingPolicy } from "../../../../issuer/config/ring-policy.ts";
import { createIssuerApp } from "../../../../issuer/http/app.ts";
import type { TokenLogEntry } from "../../../../issuer/http/app.ts";
import { createReadiness } from "../../../../issuer/http/readiness.ts";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { createRingSource } from "../../../../issuer/key-ring/sign/ring-source.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import type { RingHealth } from "../../../../issuer/rings.ts";
import { singleSource } from "../../../../issuer/use-signer.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { given } from "../../../support/values.ts";

const ISSUER = "https://auth.example.com";
const SECRET = "a-secret-that-is-too-long-to-guess";
const GOOD = JSON.stringify({ claims: { sub: "user-1" }, audience: "api", ttlSeconds: 60 });

let aws: TestKms;
let keyId: string;
beforeAll(async () => {
  aws = await startTestKms();
  keyId = await aws.createKeyFor("ES256");
});
afterAll(() => aws.close());

interface OwnApp {
  /** The status of an answer. */
  readonly readyz: () => Promise<number>;
  readonly sign: (body?: string) => Promise<number>;
  readonly clock: { ms: number };
}

describe("GET /readyz", () => {
  /** An app over the same KMS with a clock of its own. */
  async function start(): Promise<OwnApp> {
    const signer = await createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
    const source = { current: async () => signer };
    const clock = { ms: 0 };
    const readiness = createReadiness({ signers: singleSource(source), nowMs: () => clock.ms });
    const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
    const log = (entry: TokenLogEntry): void => void ownLog.push(entry);
    const app = createIssuerApp({ issuer, readiness, callerSecret: SECRET, log, nowMs: () => clock.ms });
    const headers = { authorization: `Bearer ${SECRET}` };
    return {
      readyz: async () => (await app.request("/readyz")).status,
      sign: async (body = GOOD) => (await app.request("/tokens", { method: "POST", body, headers })).status,
      clock,
    };
  }
  const ownLog: TokenLogEntry[] = [];

  test("signs once, and then only reports what became of the last signature", async () => {
    const { readyz } = await start();
    const { Sign } = aws.emulator.requests;
    expect([await readyz(), await readyz(), await readyz()]).toEqual([200, 200, 200]);
    expect(aws.emulator.requests.Sign - Sign).toBe(1);
  });

  test("signs once for the probes that come before the first signature has ended", async () => {
    const { readyz } = await start();
    const { Sign } = aws.emulator.requests;
    expect(await Promise.all([readyz(), readyz(), readyz()])).toEqual([200, 200, 200]);
    expect(aws.emulator.requests.Sign - Sign).toBe(1);
  });

  test.for(["access_denied", "garbled_signature"] as const)(
    "is 503 once a signature has failed (%s), and asks again after 10 s without any traffic",
    async (kind) => {
      const { readyz, sign, clock } = await start();
      expect(await readyz()).toBe(200);
      const remove = aws.emulator.faults.add({ operation: "Sign", kind });
      onTestFinished(remove);
      // Nothing is known of the failure until a caller asks for a token.
      expect([await readyz(), await sign(), await readyz()]).toEqual([200, 503, 503]);
      const { Sign } = aws.emulator.requests;
      clock.ms += 9999;
      expect([await readyz(), await readyz()]).toEqual([503, 503]);
      expect(aws.emulator.requests.Sign).toBe(Sign);
      clock.ms += 1;
      expect(await Promise.all([readyz(), readyz(), readyz()])).toEqual([503, 503, 503]);
      expect(aws.emulator.requests.Sign).toBe(Sign + 1);
      expect(ownLog.at(-1)).toMatchObject({ status: 503, code: expect.stringContaining("kms_") });
      remove();
      expect(await readyz()).toBe(503);
      clock.ms += 10_000;
      expect(await readyz()).toBe(200);
      expect(aws.emulator.requests.Sign).toBe(Sign + 2);
    },
  );

  test("is 200 again as soon as a token was signed", async () => {
    const { readyz, sign } = await start();
    const remove = aws.emulator.faults.add({ operation: "Sign", kind: "access_denied" });
    onTestFinished(remove);
    expect([await sign(), await readyz()]).toEqual([503, 503]);
    remove();
    expect([await sign(), await readyz()]).toEqual([200, 200]);
  });

  test("stays 200 when a caller asks for what cannot be signed", async () => {
    const { readyz, sign } = await start();
    expect([await sign(), await readyz()]).toEqual([200, 200]);
    expect(await sign('{"claims":{},"audience":"api","ttlSeconds":601}')).toBe(400);
    expect(await readyz()).toBe(200);
  });

  test("is 503 with the fault's code while a ring has no signer", async () => {
    const source = createRingSource(createRingPolicy({ ring: "none", issuer: ISSUER }), { kms: aws.kms });
    const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
    const readiness = createReadiness({ signers: singleSource(source), nowMs: Date.now });
    const app = createIssuerApp({ issuer, readiness, callerSecret: SECRET, log: () => undefined, nowMs: Date.now });
    const response = await app.request("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "kms_key_not_found" });
  });
});

test("with several rings it is ready while one signs, and says how each stands", async () => {
  const signer = await createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
  const source = { current: async () => signer };
  const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
  const [main, west] = [given(parseRingName("main")), given(parseRingName("west"))];
  const fault = { code: "kms_unreachable", message: "what KMS says is for the log" } as const;
  let health: readonly RingHealth[] = [
    { ring: main, state: "failing", fault },
    { ring: west, state: "ready", fault: undefined },
  ];
  const readiness = createReadiness({ signers: singleSource(source), nowMs: Date.now, rings: () => health });
  const app = createIssuerApp({ issuer, readiness, callerSecret: SECRET, log: () => undefined, nowMs: Date.now });
  const degraded = await app.request("/readyz");
  expect([degraded.status, await degraded.json()]).toEqual([
    200,
    {
      status: "degraded",
      rings: [
        { ring: "main", state: "failing", code: "kms_unreachable" },
        { ring: "west", state: "ready" },
      ],
    },
  ]);
  health = health.map(({ ring }) => ({ ring, state: "ready", fault: undefined }));
  expect(await (await app.request("/readyz")).json()).toMatchObject({ status: "ok" });
});
