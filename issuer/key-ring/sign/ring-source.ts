/** The signer of a ring, as a policy describes it: what `createIssuer({ ring })` takes, and `createIssuer({ rings })` several of. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { refuseUnknownOptions } from "../../../shared/options.ts";
import type { KnownOptions } from "../../../shared/options.ts";
import { leadSeconds, signerMaxAgeSeconds } from "../policy.ts";
import type { RingPolicy } from "../policy.ts";
import { leastDocumentSeconds } from "../document-life.ts";
import { createTaggedDocumentLives } from "./document-lives.ts";
import { createTaggedPublishedKeys } from "./published-keys.ts";
import type { PublishedKeys } from "./published-keys.ts";
import { createRingSigner } from "./ring-signer.ts";
import type { RingSigner } from "./ring-signer.ts";
import { createAwsKms } from "../../kms/aws-kms.ts";
import { systemClock } from "../../clock.ts";
import type { Kms } from "../../kms/port.ts";

export interface RingSourceOptions {
  /** By default KMS as the AWS SDK's default chain finds it. */
  readonly kms?: Kms;
  /** By default the tags that the rotator keeps on each key, so that signing needs no access to Cloudflare. */
  readonly published?: PublishedKeys;
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
}

const KNOWN_OPTIONS: KnownOptions<RingSourceOptions> = { kms: true, published: true, clock: true };

/** Makes the signer of a ring. Nothing is asked of KMS before the first token, or `refresh()`. */
export function createRingSource(policy: RingPolicy, options: RingSourceOptions = {}): RingSigner {
  refuseUnknownOptions("createRingSource", options, KNOWN_OPTIONS, { client: "kms: createAwsKms({ client })" });
  const { kms = createAwsKms(), clock = systemClock } = options;
  return createRingSigner({
    ring: policy.ring,
    kms,
    published: options.published ?? createTaggedPublishedKeys(kms),
    amongOthers: {
      documents: createTaggedDocumentLives(kms, policy.ring),
      leastDocumentSeconds: leastDocumentSeconds(policy),
    },
    leadSeconds: leadSeconds(policy.timing),
    maxAgeSeconds: signerMaxAgeSeconds(policy),
    alg: policy.alg,
    clock,
  });
}
