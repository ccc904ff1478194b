/** What belongs to a feature that is not listed is a problem that names the feature; what every gateway has is none. */
import { expect, test } from "vitest";
import { missingFeature } from "../../../../edge-verifier/policy/feature-names.ts";

test.each([
  ["CORS_ORIGINS", "cors"],
  ["TOKEN_CARRIERS", "tokenLocations"],
  ["ORIGIN_BILLING", "origins"],
  ["ORIGIN_URL_BILLING", "origins"],
  ["tolerate", "pathTolerance"],
  ["stripPrefix", "origins"],
])("%s belongs to %s", (name, feature) => {
  expect(missingFeature(name)).toBe(`needs the feature ${feature}: add it in features.ts`);
  expect(missingFeature(name, [feature])).toBeUndefined();
});

test.each([
  ..."ISSUER AUDIENCE RING TRUST_ANCHORS MIN_REV BOOTSTRAP_KEY_SET KEY_SETS TOKEN_ALGS TOKEN_TYPS VERSION".split(" "),
  ..."ORIGIN ORIGIN_URL ORIGIN_TIMEOUT_SECONDS FORWARD_AUTHORIZATION".split(" "),
  ..."path methods allow require mode".split(" "),
])("%s belongs to every gateway", (name) => {
  expect(missingFeature(name)).toBeUndefined();
});
