/** What a rotation does, from the next key's listing until the replaced key is disabled. Times are those of the default policy. */
import { atTheLatest, RETIRING, rotateDays, signerRefreshSeconds, staleSeconds } from "./defaults.ts";
import { drawSequence } from "./sequence.ts";
import type { Picture } from "./svg.ts";

const [ISSUER, KMS, ROTATOR, KV, GATEWAYS] = ["issuer", "AWS KMS", "rotator", "Workers KV", "gateways"] as const;

export const ROTATION: Picture = drawSequence({
  file: "rotation.svg",
  title: "A rotation: generation 2 takes over from generation 1",
  description:
    "The rotator creates key 2 in AWS KMS and publishes a key set that lists it, signed by the root key; gateways read it. On day " +
    `${rotateDays} the rotator moves the alias active to key 2, and issuers follow within ${atTheLatest(RETIRING.lastSigner)}; gateways ` +
    `accept tokens of both keys. ${atTheLatest(RETIRING.dropped)} later, when the last token of key 1 has expired, the rotator publishes a ` +
    "key set without key 1 and disables it.",
  actors: [
    { name: ISSUER, note: "signs tokens" },
    { name: KMS, note: "private keys" },
    { name: ROTATOR, note: "every 5 minutes" },
    { name: KV, note: "the key set" },
    { name: GATEWAYS, note: "verify tokens" },
  ],
  steps: [
    { section: "Day 0: the next key is listed, long before it signs" },
    { from: ROTATOR, to: KMS, says: "create key 2", colour: "secret" },
    { from: ROTATOR, to: KMS, says: "sign the key set", detail: "with the root key", colour: "secret" },
    { from: ROTATOR, to: KV, says: "1 active, 2 pending", colour: "accent" },
    { from: KV, to: GATEWAYS, says: "read", detail: `within ${atTheLatest(staleSeconds)}`, colour: "accent" },
    { at: GATEWAYS, does: ["Tokens of key 1 verify, and", "tokens of key 2 would."], colour: "good" },
    { section: `Day ${rotateDays}: key 2 takes over` },
    { from: ROTATOR, to: KMS, says: "active = key 2", detail: "moves an alias", colour: "secret" },
    {
      from: ISSUER,
      to: KMS,
      says: "which is active?",
      detail: `every ${signerRefreshSeconds} s`,
      colour: "secret",
    },
    {
      at: ISSUER,
      does: ["It signs with key 2, at the latest", `${atTheLatest(RETIRING.lastSigner)} after the move.`],
      colour: "secret",
    },
    { from: ROTATOR, to: KV, says: "1 retiring, 2 active", detail: "and 3 pending, a new key", colour: "accent" },
    { from: KV, to: GATEWAYS, says: "read", colour: "accent" },
    { at: GATEWAYS, does: ["Tokens of both keys verify:", "no good token is refused."], colour: "good" },
    { section: `${atTheLatest(RETIRING.dropped)} later: the last token of key 1 has expired` },
    { from: ROTATOR, to: KV, says: "2 active, 3 pending", colour: "accent" },
    {
      from: ROTATOR,
      to: KMS,
      says: "disable key 1",
      detail: `${atTheLatest(RETIRING.disabled - RETIRING.dropped)} after that`,
      colour: "secret",
    },
  ],
});
