/** Where a ring's keys are: variables that carry the ring's name. */
import { expect, test } from "vitest";
import { createEnvironmentReader } from "../../../../issuer/config/environment.ts";
import { readRingKms } from "../../../../issuer/config/ring-kms.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { given } from "../../../support/values.ts";

const RING = given(parseRingName("eu-west-2"));

test("Region and endpoint of a ring are read by its name, and left to the SDK otherwise", () => {
  const read = (env: Readonly<Record<string, string>>): object => readRingKms(createEnvironmentReader(env), RING);
  expect(read({})).toEqual({});
  expect(read({ SEALGATE_REGION_EU_WEST_2: "us-gov-west-1" })).toEqual({ region: "us-gov-west-1" });
  expect(read({ SEALGATE_KMS_ENDPOINT_EU_WEST_2: "https://kms.example" })).toEqual({ endpoint: "https://kms.example" });
});

test("a ring that is not home has to say where it is", () => {
  const reader = createEnvironmentReader({});
  readRingKms(reader, RING, true);
  expect(reader.failure().message).toContain("SEALGATE_REGION_EU_WEST_2 is missing");
});
