/** What the AWS credentials may do with the ring's keys: tried by dry runs and by reading, never by changing anything. */
import { SealgateError } from "../../errors.ts";
import type { RingPolicy } from "../../key-ring/index.ts";
import { parseRingTags, ringAlias } from "../../key-ring/names.ts";
import { kmsAlgorithmOf } from "../../kms/algorithms.ts";
import { algOfKey } from "../../kms/fitness.ts";
import type { Kms } from "../../kms/port.ts";
import type { Caller, KmsRights } from "../../kms/rights.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";

export type Role = "signer" | "rotator";

/** One call that was tried. */
export interface Trial {
  /** As IAM calls it, with the key's alias: "kms:Sign on alias/sealgate/main/active". */
  readonly what: string;
  /** Who needs it; an empty list: a verifier that asks KMS for each token. */
  readonly neededBy: readonly Role[];
  /** What was wrong; undefined when the call is allowed. */
  readonly fault: SealgateError | undefined;
}

export async function tryRights(
  kms: Kms,
  { trySign, tryVerify }: Pick<KmsRights, "trySign" | "tryVerify">,
  { ring, alg: preferred, rootAlg }: RingPolicy,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const attempt = async <Value>(
    what: string,
    neededBy: readonly Role[],
    work: () => Promise<Value>,
  ): Promise<Value | undefined> => {
    try {
      const value = await work();
      trials.push({ what, neededBy, fault: undefined });
      return value;
    } catch (error) {
      if (!(error instanceof SealgateError)) throw error;
      trials.push({ what, neededBy, fault: error });
      return undefined;
    }
  };
  await attempt("kms:ListAliases", ["rotator"], () => kms.listAliases(ringAlias(ring, { role: "root" })));
  await attempt("kms:ListKeys", ["rotator"], () => kms.listKeys());
  for (const role of ["active", "root"] as const) {
    const alias = ringAlias(ring, { role });
    const who: readonly Role[] = role === "active" ? ["signer", "rotator"] : ["rotator"];
    const key = await attempt(`kms:DescribeKey on ${alias}`, who, () => kms.describeKey(alias));
    if (key === undefined) continue;
    const { keyArn } = key;
    await attempt(`kms:GetPublicKey on ${alias}`, who, () => kms.getPublicKey(keyArn));
    const tags = await attempt(`kms:ListResourceTags on ${alias}`, who, () => kms.listTags(keyArn));
    const alg = algOfKey(key, parseRingTags(tags ?? {}).alg, role === "root" ? rootAlg : preferred);
    // A key that fits nothing is a row of its own.
    if (alg === undefined) continue;
    const trial = { keyArn, ...kmsAlgorithmOf(alg) };
    await attempt(`kms:Sign on ${alias}`, who, () => trySign(trial));
    if (role === "active") await attempt(`kms:Verify on ${alias}`, [], () => tryVerify(trial));
  }
  return trials;
}

/**
 * Credentials are those of a signer or of a rotator, seldom of both: one of the two has to be complete.
 * @param wanted the role that has to be complete; undefined: either
 */
export function rightsRow(
  trials: readonly Trial[],
  { accessKeyId, region }: Caller,
  wanted: Role | undefined,
): CheckRow {
  const who = `The credentials of access key ${accessKeyId} in ${region}`;
  const failed = trials.filter(({ fault }) => fault !== undefined);
  const denied = failed.filter(({ fault }) => fault?.code === "kms_access_denied");
  const [other] = failed.filter(({ fault }) => fault?.code !== "kms_access_denied" && !isAboutTheKey(fault));
  if (other?.fault !== undefined) {
    return wrong(
      "rights",
      `${who} could not be tried: ${other.fault.message}`,
      "Correct what the message names, and check again.",
    );
  }
  const complete = (["signer", "rotator"] as const).filter((role) => isComplete(trials, role));
  const refused = denied.length === 0 ? "" : ` Denied: ${denied.map(({ what }) => what).join(", ")}.`;
  if (wanted === undefined ? complete.length > 0 : complete.includes(wanted))
    return fine("rights", `${who} have the rights of a ${complete.join(" and of a ")}.${refused} ${UNTRIED}`);
  const role = wanted ?? "signer";
  const lacking = denied.filter(({ neededBy }) => neededBy.includes(role)).map(({ what }) => what);
  if (lacking.length === 0) return skipped("rights", `${who} have no usable key to be tried on.`);
  const repair = `Allow ${lacking.join(", ")} in the IAM policy of the ${role} (docs/iam.md).`;
  return wrong("rights", `${who} are not enough for a ${role}.${refused}`, repair);
}

function isComplete(trials: readonly Trial[], role: Role): boolean {
  const needed = trials.filter(({ neededBy }) => neededBy.includes(role));
  const signs = needed.some(
    ({ what }) => what.startsWith("kms:Sign on ") && (role === "signer" || what.endsWith("/root")),
  );
  return signs && needed.every(({ fault }) => fault === undefined);
}

const UNTRIED = "Creating and changing keys cannot be tried without doing it.";

/** The key is missing, disabled or unfit: rows of their own say so, and nothing is known of the rights. */
function isAboutTheKey(fault: SealgateError | undefined): boolean {
  return fault?.code.startsWith("kms_key_") === true;
}
