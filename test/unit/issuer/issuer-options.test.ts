/** Options of `createIssuer` that make no sense, and what is made of good ones. */
import { beforeAll, describe, expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { Issuer } from "../../../issuer/issuer.ts";
import type { IssuerSettings } from "../../../issuer/issuer-options.ts";
import type { Signer } from "../../../issuer/signer.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { createLocalSigner } from "../../support/local-signer.ts";

const ISSUER = "https://auth.example.com";

let signer: Signer;
beforeAll(async () => {
  signer = await createLocalSigner("ES256");
});

function issuerWith(settings: Partial<IssuerSettings> = {}): Issuer {
  return createIssuer({ issuer: ISSUER, signer, maxTokenTtlSeconds: 3600, ...settings });
}

describe("an issuer with options that make no sense", () => {
  test("is refused with every problem named at once", () => {
    const make = (): Issuer => issuerWith({ issuer: "ftp://x", maxTokenTtlSeconds: 0 });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/issuer must use https.*; maxTokenTtlSeconds/);
  });

  test.each([
    { defaultTtlSeconds: 3601 },
    { defaultTtlSeconds: 0 },
    { maxTokenTtlSeconds: 1.5 },
    { issuer: "https://auth.example.com/?x" },
  ])("%j is refused", (settings) => {
    expect(() => issuerWith(settings)).toThrow(TypeError);
  });

  test("needs exactly one of signer and ring", () => {
    const options = { issuer: ISSUER, maxTokenTtlSeconds: 60 };
    const ring = { current: () => Promise.resolve(signer) };
    // @ts-expect-error -- both: what a caller in JavaScript can do
    expect(() => createIssuer({ ...options, signer, ring })).toThrow("either a signer, a ring, or rings");
    // @ts-expect-error -- neither
    expect(() => createIssuer(options)).toThrow("either a signer, a ring, or rings");
  });

  test("a clock that tells no time signs nothing", async () => {
    const clock = (): ReturnType<typeof epochSecondsFromMs> => epochSecondsFromMs(Number.NaN);
    await expect(issuerWith({ clock }).sign({}, { audience: "api" })).rejects.toThrow(TypeError);
  });
});

test("a deadline is kept with a single signer, too", async () => {
  const hanging = createIssuer({
    issuer: ISSUER,
    signer: { ...signer, sign: () => new Promise(() => {}) },
    maxTokenTtlSeconds: 60,
  });
  const signed = hanging.sign({}, { audience: "api", deadlineMs: 1 });
  await expect(signed).rejects.toMatchObject({ code: "kms_timeout", retryable: true });
  await expect(hanging.sign({}, { audience: "api", deadlineMs: 0.5 })).rejects.toMatchObject({ code: "input_invalid" });
});
