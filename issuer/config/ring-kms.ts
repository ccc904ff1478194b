/** Environment variables to where a ring's keys are. The AWS SDK finds what is left out, as for any program. */
import type { RingName } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { AwsClientOptions } from "../kms/aws-client.ts";
import { ofRing } from "./environment.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Options of `createAwsKms`. */
export type RingKms = Pick<AwsClientOptions, "region" | "endpoint">;

/**
 * Reads `SEALGATE_REGION_<RING>` and `SEALGATE_KMS_ENDPOINT_<RING>` (the ring's name in capitals, `_` for `-`).
 * @param isOther one that is not home: two rings of one Region are more likely a variable that was forgotten
 */
export function readRingKms(reader: EnvironmentReader, ring: RingName, isOther = false): RingKms {
  const endpoint = reader.read(ofRing("SEALGATE_KMS_ENDPOINT", ring), (text) =>
    text === undefined || URL.canParse(text) ? ok(text) : err("must be a URL"),
  );
  const region = reader.read(ofRing("SEALGATE_REGION", ring), (text) => {
    if (text === undefined) {
      return isOther && endpoint === undefined
        ? err(`is missing: it says in which AWS Region the keys of the ring ${ring} are`)
        : ok(text);
    }
    return /^[a-z]{2}(?:-[a-z]+)+-\d$/.test(text)
      ? ok(text)
      : err("must be the name of an AWS Region, as eu-central-1 is");
  });
  return { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
}
