/**
 * The signer of a ring, for `createIssuer({ ring })`: follows the alias `active`, in the background, and signs by ARN. It
 * never waits for KMS as long as it holds a signer that was confirmed recently, never goes on with one beyond what the hold
 * of a retiring key allows for, and never takes up a key that edges do not know. It does not choose keys: a pending key
 * signs only once the alias points to it. A look that was frozen together with the process (AWS Lambda) delays no later call.
 */
import type { Alg } from "../../../shared/algorithms.ts";
import { demand, requireSeconds } from "../../../shared/demands.ts";
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds, RingName } from "../../../shared/identifiers.ts";
import { refuseUnknownOptions } from "../../../shared/options.ts";
import type { KnownOptions } from "../../../shared/options.ts";
import { SIGNER_REFRESH_SECONDS } from "../../../shared/timing.ts";
import { SealgateError } from "../../errors.ts";
import { algOfKey, requireEnabled } from "../../kms/fitness.ts";
import type { Kms, KmsKey } from "../../kms/port.ts";
import { createKmsSigner } from "../../kms/signer.ts";
import { createSharedRun } from "../../../shared/shared-run.ts";
import type { RingMember, Signer } from "../../signer.ts";
import { isKeyGone } from "../../use-signer.ts";
import { isWithdrawn } from "../plan/phases.ts";
import { isLive } from "../document-life.ts";
import type { DocumentLife } from "../document-life.ts";
import { parseRingTags, ringAlias } from "../names.ts";
import type { DocumentLives } from "./document-lives.ts";
import type { PublishedKeys } from "./published-keys.ts";

export interface RingSignerOptions {
  readonly ring: RingName;
  readonly kms: Kms;
  readonly published: PublishedKeys;
  /** Without it, the ring cannot be one of several. */
  readonly amongOthers?: AmongOthers;
  /** S + K + 1 of the ring's policy: how long after the first settled key set that lists it every edge knows a key. */
  readonly leadSeconds: number;
  /** How long a signer is used without having seen where `active` points; A less the consistency of KMS. Default 60. */
  readonly maxAgeSeconds?: number;
  /** For RSA keys without the tag `sealgate:alg`. */
  readonly alg?: Alg;
  /** This host's clock, epoch seconds. */
  readonly clock: () => EpochSeconds;
  /** By default a signer over KMS. */
  readonly createSigner?: (keyArn: string, alg: Alg) => Promise<Signer>;
}

/** What a ring needs that is one of several: whether edges have its document, and will. */
export interface AmongOthers {
  readonly documents: DocumentLives;
  /** How long a token that is signed now may need the ring's document. */
  readonly leastDocumentSeconds: number;
}

export interface RingSignerStatus {
  readonly signer: Pick<Signer, "kid" | "alg" | "keyArn"> | undefined;
  /** When `active` was last seen to point to its key. */
  readonly confirmedAt: EpochSeconds | undefined;
  /** What the last look at the ring failed with. */
  readonly fault: SealgateError | undefined;
  /** How long edges have had the ring's document; undefined unless it is one of several rings, and while nothing is noted. */
  readonly document: DocumentLife | undefined;
}

export interface RingSigner extends RingMember {
  /**
   * Looks where `active` points, now. For start-up, so that a wrong configuration shows before the first token.
   * @throws SealgateError with a `kms_…` code, or `ring_key_unpublished`
   */
  refresh(): Promise<void>;
  status(): RingSignerStatus;
}

interface Held {
  readonly signer: Signer;
  /** From when on every edge knows its key; undefined while no settled key set is known to list it. */
  readonly knownAt: EpochSeconds | undefined;
  readonly confirmedAt: EpochSeconds;
}

/** Between two looks at the ring that nothing but failure separates. */
const RETRY_SECONDS = 1;

const KNOWN_OPTIONS: KnownOptions<RingSignerOptions> = {
  ring: true,
  kms: true,
  published: true,
  amongOthers: true,
  leadSeconds: true,
  maxAgeSeconds: true,
  alg: true,
  clock: true,
  createSigner: true,
};

/** @throws TypeError for options that make no sense, or mean nothing here */
export function createRingSigner(options: RingSignerOptions): RingSigner {
  refuseUnknownOptions("createRingSigner", options, KNOWN_OPTIONS);
  const { clock, maxAgeSeconds = SIGNER_REFRESH_SECONDS, leadSeconds, amongOthers } = options;
  demand(typeof clock === "function", "createRingSigner: clock must be a function");
  demand(maxAgeSeconds > 0, "createRingSigner: maxAgeSeconds must be seconds, above 0");
  requireSeconds("createRingSigner: leadSeconds", leadSeconds);
  let held: Held | undefined;
  let watchesDocument = false;
  let document: DocumentLife | undefined;
  let fault: SealgateError | undefined;
  let lookedAt: EpochSeconds | undefined;
  const gone = new Set<string>();
  const looks = createSharedRun(lookOnce, clock);

  const isFresh = (now: EpochSeconds): boolean => {
    const age = held === undefined ? Infinity : now - held.confirmedAt;
    // A clock that was set back says nothing about the age.
    return age >= 0 && age <= maxAgeSeconds && !gone.has(held?.signer.keyArn ?? "");
  };

  /** Never rejects: what went wrong is kept. */
  const look = (): Promise<void> => looks.join().catch(() => {});

  async function lookOnce(isOvertaken: () => boolean): Promise<void> {
    try {
      await resolve(isOvertaken);
      if (!isOvertaken()) fault = undefined;
    } catch (error) {
      if (!isOvertaken()) fault = toFault(error);
      throw error;
    }
  }

  /** @param isOvertaken whether a later look has ended, whose answers are newer; so it is after a freeze in between */
  async function resolve(isOvertaken: () => boolean): Promise<void> {
    const now = clock();
    lookedAt = now;
    const [key] = await Promise.all([
      options.kms.describeKey(ringAlias(options.ring, { role: "active" })),
      lookAtDocument(isOvertaken),
    ]);
    if (isOvertaken()) return;
    // Other states pass by themselves. A key that was taken away signs no more, even before Sign has refused it.
    if (isWithdrawn(key.keyState)) gone.add(key.keyArn);
    requireEnabled(key.keyArn, key);
    if (held?.signer.keyArn === key.keyArn) {
      gone.delete(key.keyArn);
      held = { ...held, confirmedAt: now };
      if (watchesDocument && held.knownAt === undefined) await lookAtListing(held, isOvertaken);
      return;
    }
    const signer = await makeSigner(key, options);
    const publishedAt = await options.published.publishedAt(signer);
    if (isOvertaken()) return;
    if (publishedAt === undefined) throw unpublished(signer);
    // The previous key still verifies everywhere; the new one is taken up as late as the hold allows, if edges need that.
    const knownAt = publishedAt === "unsettled" ? undefined : addSeconds(publishedAt, leadSeconds);
    const isKnown = knownAt !== undefined && now >= knownAt;
    if (!isKnown && isFresh(now)) return;
    gone.clear();
    held = { signer: guard(signer), knownAt, confirmedAt: now };
  }

  /** What was read before stays true of the time that it speaks of. */
  async function lookAtDocument(isOvertaken: () => boolean): Promise<void> {
    if (!watchesDocument || amongOthers === undefined) return;
    const read = await amongOthers.documents.read().catch(() => document);
    if (!isOvertaken()) document = read;
  }

  async function lookAtListing({ signer }: Held, isOvertaken: () => boolean): Promise<void> {
    const publishedAt = await options.published.publishedAt(signer);
    if (isOvertaken() || held?.signer !== signer || publishedAt === "unsettled" || publishedAt === undefined) return;
    held = { ...held, knownAt: addSeconds(publishedAt, leadSeconds) };
  }

  function guard(signer: Signer): Signer {
    return {
      ...signer,
      sign: async (signingInput) => {
        try {
          return await signer.sign(signingInput);
        } catch (error) {
          // The next look finds where `active` points by now.
          if (isKeyGone(error)) gone.add(signer.keyArn);
          throw error;
        }
      },
    };
  }

  const mayLook = (now: EpochSeconds): boolean => lookedAt === undefined || Math.abs(now - lookedAt) >= RETRY_SECONDS;

  const isDue = (now: EpochSeconds): boolean =>
    mayLook(now) && (held === undefined || !isFresh(now) || now - held.confirmedAt >= maxAgeSeconds / 2);

  return {
    ring: options.ring,
    watchDocument() {
      demand(
        amongOthers !== undefined,
        `ring ${options.ring}: a signer among several needs amongOthers; see createRingSource`,
      );
      watchesDocument = true;
    },
    keepReady() {
      if (!looks.isUnderWay && isDue(clock())) void look();
    },
    isReady() {
      const now = clock();
      if (held?.knownAt === undefined || !isFresh(now) || now < held.knownAt) return false;
      return (
        amongOthers !== undefined &&
        isLive(document, { leadSeconds, leastSeconds: amongOthers.leastDocumentSeconds }, now)
      );
    },
    async current() {
      const now = clock();
      if (!isFresh(now)) {
        if (looks.isUnderWay || mayLook(now)) await look();
      } else if (isDue(now)) {
        void look();
      }
      if (held !== undefined && isFresh(clock())) return held.signer;
      throw fault ?? stale(held);
    },
    async refresh() {
      await look();
      if (fault !== undefined) throw fault;
    },
    status: () => ({ signer: held?.signer, confirmedAt: held?.confirmedAt, fault, document }),
  };
}

async function makeSigner(key: KmsKey, options: RingSignerOptions): Promise<Signer> {
  const { kms, clock } = options;
  const tags = parseRingTags(await kms.listTags(key.keyArn));
  const alg = algOfKey(key, tags.alg, options.alg);
  if (alg === undefined) {
    throw new SealgateError(
      "kms_key_unfit",
      `KMS key ${key.keyArn} (${key.keySpec}) cannot sign tokens, or does not say for which algorithm. Set its tag sealgate:alg to one that it fits, or the option alg.`,
    );
  }
  const createSigner =
    options.createSigner ?? ((keyArn: string) => createKmsSigner({ keyId: keyArn, alg, kms, clock }));
  return createSigner(key.keyArn, alg);
}

function unpublished({ kid }: Signer): SealgateError {
  return new SealgateError(
    "ring_key_unpublished",
    `The ring's active key ${kid} is not in the published key set: edges would refuse its tokens. Run a reconcile.`,
    { retryable: true },
  );
}

function stale(held: Held | undefined): SealgateError {
  const since = held === undefined ? "never" : `not since ${new Date(held.confirmedAt * 1000).toISOString()}`;
  return new SealgateError(
    "ring_signer_stale",
    `Where the ring's active key is was ${since} confirmed: tokens of a superseded key could be refused before they expire.`,
    { retryable: true },
  );
}

function toFault(error: unknown): SealgateError {
  if (error instanceof SealgateError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new SealgateError("issuer_failed", `The look at the ring failed in sealgate itself (${name}), not in KMS.`, {
    cause: error,
  });
}
