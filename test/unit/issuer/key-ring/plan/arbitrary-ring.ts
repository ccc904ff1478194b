/** Random rings, as KMS and KV may show them: stale, tampered with, half done. */
import * as fc from "fast-check";
import type { ObservedGeneration, ObservedRing, RingRequest } from "../../../../../issuer/key-ring/index.ts";
import type { EpochSeconds } from "../../../../../shared/identifiers.ts";
import type { KeySetKey } from "../../../../../shared/key-set.ts";
import { TEST_TIMING, seconds } from "../../../../support/key-sets.ts";
import {
  after,
  documentOf,
  generation,
  held,
  keyOf,
  observedKey,
  observedRing,
  START,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

export const NOW = after(0);
const STATES = ["Enabled", "Enabled", "Enabled", "Disabled", "PendingDeletion", "Unavailable", "Creating"] as const;

const ago = (max: number): fc.Arbitrary<EpochSeconds> =>
  fc.integer({ min: -100, max }).map((age) => seconds(START - age));

function arbitraryGeneration(number: number): fc.Arbitrary<ObservedGeneration> {
  return fc
    .record({
      keyState: fc.constantFrom(...STATES),
      isTagged: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      managed: fc.boolean(),
      listedAt: fc.option(ago(20_000), { nil: undefined }),
      publishedAt: fc.option(ago(20_000), { nil: undefined }),
      supersededAt: fc.option(ago(20_000), { nil: undefined }),
      isAgain: fc.boolean(),
      revokedAt: fc.option(ago(5000), { nil: undefined, freq: 8 }),
    })
    .map(({ keyState, isTagged, isAgain, ...tags }) =>
      generation(number, {
        keyState,
        tags: {
          ...tags,
          signsAgain: isAgain && tags.supersededAt === undefined,
          ...(isTagged ? {} : { kid: undefined, generation: undefined }),
        },
      }),
    );
}

function arbitraryEntry(number: number): fc.Arbitrary<KeySetKey> {
  return fc.record({
    jwk: fc.constant(keyOf(number).jwk),
    kid: fc.constant(keyOf(number).kid),
    state: fc.constantFrom("pending", "active", "retiring"),
    publishedAt: fc.oneof(ago(600), ago(20_000)),
  });
}

/** All of them as often as some of them: most rings are nearly whole, and only those call for the rarer steps. */
const someOf = (numbers: readonly number[]): fc.Arbitrary<readonly number[]> =>
  fc.oneof(fc.constant(numbers), fc.subarray([...numbers]));

const arbitraryDocument: fc.Arbitrary<ObservedRing["document"]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: "missing" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "refused", problem: "key_set_malformed" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "unknown", fault: "publish_timeout", message: "no answer" } as const) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        numbers: someOf([1, 2, 3, 4, 5]),
        issuedAt: ago(90_000),
        revoked: fc.constantFrom([], [], [], [1], [2], [4]),
        maxTokenTtlSeconds: fc.constantFrom(600, 3600, 7200),
        kvCacheTtlSeconds: fc.constantFrom(30, 60, 900),
      })
      .chain(({ numbers, issuedAt, revoked, ...timing }) =>
        fc.tuple(...numbers.map(arbitraryEntry)).map((entries) =>
          held(
            documentOf(entries, {
              issuedAt,
              revoked: revoked.map((number) => ({ kid: keyOf(number).kid, at: issuedAt })),
              timing: { ...TEST_TIMING, ...timing },
            }),
          ),
        ),
      ),
  },
);

export const arbitraryRing: fc.Arbitrary<ObservedRing> = someOf([1, 2, 3, 4])
  .chain((numbers) =>
    fc.record({
      generations: fc.tuple(...numbers.map(arbitraryGeneration)),
      active: fc.option(fc.record({ number: fc.integer({ min: 1, max: 4 }), updatedAt: ago(100_000) }), {
        nil: undefined,
        freq: 10,
      }),
      document: arbitraryDocument,
      orphanOf: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      highestRev: fc.option(fc.integer({ min: 1, max: START * 1_000_000 }), { nil: undefined }),
    }),
  )
  .map(({ generations, active, document, orphanOf, highestRev }) =>
    observedRing({
      generations,
      document,
      highestRev,
      active:
        active === undefined
          ? undefined
          : {
              keyId: `id-${active.number}`,
              generation: generations.some(({ number }) => number === active.number) ? active.number : undefined,
              updatedAt: active.updatedAt,
            },
      orphans:
        orphanOf === undefined
          ? []
          : [
              observedKey(keyOf(7), String(orphanOf), {
                keyId: "id-orphan",
                keyArn: "arn:orphan",
                tags: { kid: undefined },
              }),
            ],
    }),
  );

export const arbitraryRequest: fc.Arbitrary<RingRequest | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: 1, max: 4 }).map((from): RingRequest => ({ kind: "rotate", from })),
  fc.integer({ min: 1, max: 5 }).map((number): RingRequest => ({ kind: "revoke", kid: keyOf(number).kid })),
);

export const POLICIES = [
  ringPolicy({ rotateEverySeconds: 9000, deleteAfterDays: 7 }),
  ringPolicy({ timing: { maxTokenTtlSeconds: 600, kvCacheTtlSeconds: 30 } }),
] as const;
