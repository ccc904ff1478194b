/** The configuration of a rotator: everything that is wrong with variables and policy is one report, each problem once. */
import { expect, test } from "vitest";
import { readRingConfig } from "../../../../issuer/config/ring.ts";

const ENV = {
  SEALGATE_ISSUER: "https://auth.example.com",
  SEALGATE_KV_NAMESPACE_ID: "KEY_SETS",
  SEALGATE_KV_BASE_URL: "http://127.0.0.1:8787/cdn-cgi/local/explorer/api",
};

test("reads where to publish, and the policy with it", () => {
  const { policy, publish } = readRingConfig({ ...ENV, SEALGATE_POLICY: '{"alg":"ES384"}' });
  expect(policy).toMatchObject({ ring: "main", issuer: ENV.SEALGATE_ISSUER, alg: "ES384" });
  expect(publish).toMatchObject({ ring: "main", issuer: ENV.SEALGATE_ISSUER, namespaceId: "KEY_SETS" });
});

test("an empty or blank policy is the default one", () => {
  const { policy } = readRingConfig(ENV);
  for (const text of ["", "  \n"]) expect(readRingConfig({ ...ENV, SEALGATE_POLICY: text }).policy).toEqual(policy);
});

test("problems of publishing and of the policy are reported together, and each once", () => {
  const env = { SEALGATE_RING: "Canary", SEALGATE_KV_BASE_URL: ENV.SEALGATE_KV_BASE_URL, SEALGATE_POLICY: '{"alg":1}' };
  const problems =
    "SEALGATE_ISSUER is missing; SEALGATE_RING must be 1 to 63 of a-z, 0-9 and inner hyphens; " +
    "SEALGATE_KV_NAMESPACE_ID is missing; SEALGATE_POLICY is not a policy: alg must be a string.";
  expect(() => readRingConfig(env)).toThrow(`The configuration is not usable: ${problems}`);
});

test("a message calls a variable what its reader calls it", () => {
  const nameOf = (variable: string): string => `<${variable}>`;
  expect(() => readRingConfig({ ...ENV, SEALGATE_RING: "-" }, nameOf)).toThrow("<SEALGATE_RING> must be");
});
