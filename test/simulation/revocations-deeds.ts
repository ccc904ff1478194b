/** What people, attackers and nature do in a history in which tokens are taken back. */
import { readSpki } from "../../issuer/kms/public-key.ts";
import { messageFor, toJoseSignature } from "../../issuer/kms/signature.ts";
import { composeBody } from "../../shared/revocations/sections.ts";
import { digestOf, joinRevocations, REVOCATIONS_TYP } from "../../shared/revocations/signed-list.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import type { VerificationKey } from "../../shared/jws.ts";
import { calculateThumbprint } from "../../shared/jwk.ts";
import { poolKey } from "./cheap-crypto.ts";
import { START_MS } from "./clock.ts";
import type { KvModel } from "./kv-model.ts";
import { aliasesOf } from "./ports.ts";
import { listIn } from "./revocations-lists.ts";
import type { ListDeed, Strike } from "./revocations-schedule.ts";
import type { ListTraffic } from "./revocations-traffic.ts";
import { policyOf } from "./revocations-world.ts";
import type { ListRing, ListWorld } from "./revocations-world.ts";
import type { Rng } from "./rng.ts";
import type { SignerHost } from "./signer.ts";

interface Hands {
  readonly world: ListWorld;
  readonly rings: readonly ListRing[];
  readonly signers: readonly SignerHost[];
  readonly traffic: ListTraffic;
  readonly attacker: ListAttacker;
  readonly rng: Rng;
}

export async function startListDeeds(
  world: ListWorld,
  rings: readonly ListRing[],
  signers: readonly SignerHost[],
  traffic: ListTraffic,
  rng: Rng,
): Promise<void> {
  const hands = { world, rings, signers, traffic, attacker: await createListAttacker(world), rng };
  for (const deed of world.schedule.deeds) {
    const ring = rings[deed.ring];
    if (ring === undefined) continue;
    world.clock.at(START_MS + deed.atSeconds * 1000, () => void carryOut(deed, ring, hands).catch(world.onDefect));
  }
}

async function carryOut(
  deed: ListDeed,
  ring: ListRing,
  { world, rings, signers, traffic, attacker, rng }: Hands,
): Promise<void> {
  const { clock, coverage, judge } = world;
  coverage.count(`deed: ${deed.kind}`);
  world.tell(`deed: ${JSON.stringify(deed)}`);
  const active = ring.kms.truth.target(aliasesOf(ring.policy).active);
  const cut = (kv: KvModel, forMs: number): void => {
    for (let location = 0; location < kv.locations; location++) kv.cut(location, forMs);
  };
  switch (deed.kind) {
    case "outage": {
      const forMs = deed.forSeconds * 1000;
      if (deed.where === "table") return ring.table.cut(forMs);
      for (const kv of [ring.kv, ring.lists]) {
        if (deed.where === "api") kv.cut("api", forMs);
        else cut(kv, forMs);
      }
      return;
    }
    case "region_down":
      world.downUntilMs.set(deed.ring, clock.nowMs + deed.forSeconds * 1000);
      ring.table.cut(deed.forSeconds * 1000);
      for (const rotator of ring.rotators) rotator.rest(clock.nowMs + deed.forSeconds * 1000);
      return;
    case "rotators_down":
      for (const rotator of ring.rotators) rotator.rest(clock.nowMs + deed.forSeconds * 1000);
      return;
    case "strike":
      coverage.count(`attack: ${deed.how}`);
      return attacker.strike(deed.how, ring, rings, rng);
    case "restore":
      ring.table.cut(deed.forSeconds * 1000);
      await clock.sleep(deed.forSeconds * 1000 - 1);
      return ring.table.restore(deed.ageSeconds + deed.forSeconds);
    case "rotate": {
      const from = Array.from({ length: 30 }, (_, index) => index + 1).find(
        (number) => ring.kms.truth.target(aliasesOf(ring.policy).generation(number)) === active,
      );
      if (from !== undefined) rng.pick(ring.rotators).ask({ request: { kind: "rotate", from } });
      return;
    }
    case "disable_active": {
      if (active === undefined) return;
      judge.onDisabled(deed.ring, active);
      return ring.kms.client(() => 0, "person").disableKey(active);
    }
    case "burst":
      return traffic.burst(deed.times);
    case "policy": {
      const changed = policyOf({ policy: deed.change }, ring.policy.ring);
      for (const signer of signers) signer.setPolicy(changed);
      await clock.sleep(60_000);
      for (const rotator of ring.rotators) rotator.setPolicy(changed);
      return;
    }
  }
}

export interface ListAttacker {
  /** The key that an edge without the anchor guard would trust. */
  readonly anchor: VerificationKey;
  strike(how: Strike, ring: ListRing, rings: readonly ListRing[], rng: Rng): Promise<void>;
}

const ATTACKERS_KEY = 9101;

/** Someone who may write the KV namespace, and read what was ever in it, with a signing key of their own. */
export async function createListAttacker({ clock }: Pick<ListWorld, "clock">): Promise<ListAttacker> {
  const key = poolKey("ECC_NIST_P256", ATTACKERS_KEY);
  const read = await readSpki(key.spki, "ES256");
  if (!read.ok) throw new TypeError(read.error);
  const kid = await calculateThumbprint(read.value.jwk);
  const anchor = await importVerificationKey(read.value.jwk, kid);
  if (anchor === undefined) throw new TypeError("the attacker's own key can be imported");

  async function ownList({ policy }: ListRing): Promise<string> {
    const { body, counts } = composeBody([]);
    const now = Math.floor(clock.nowMs / 1000);
    const times = { rev: Number.MAX_SAFE_INTEGER, iat: now, exp: now + 86_400 };
    const payload = { iss: policy.issuer, ring: policy.ring, ...times, counts, sha256: await digestOf(body) };
    const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
    const input = `${encode({ alg: "ES256", kid, typ: REVOCATIONS_TYP })}.${encode(payload)}`;
    const signature = toJoseSignature("ES256", key.sign(messageFor("ES256", input)));
    if (signature === undefined) throw new TypeError("the pool signs as KMS does");
    return joinRevocations(`${input}.${Buffer.from(signature).toString("base64url")}`, body);
  }

  /** A good text of earlier, and when it was written. */
  function earlier(
    { lists }: ListRing,
    rng: Rng,
  ): { readonly text: string | undefined; readonly putMs: number } | undefined {
    const good = lists.writes.filter(({ by, text }) => by === "rotator" && text !== lists.stored());
    return good.length === 0 ? undefined : rng.pick(good);
  }

  function cutShort(text: string | undefined): string | undefined {
    const list = listIn(text);
    if (text === undefined || list === undefined) return undefined;
    return text.slice(0, Math.max(text.indexOf("\n") + 1, text.length - 11));
  }

  return {
    anchor,
    async strike(how, ring, rings, rng) {
      const { lists, kv } = ring;
      const old = earlier(ring, rng);
      switch (how) {
        case "the list dropped":
          return lists.put(undefined);
        case "an older list put back":
          return old && lists.put(old.text);
        case "an older list and key set put back":
          if (old === undefined) return;
          kv.put(kv.writes.findLast(({ putMs, by }) => by === "rotator" && putMs <= old.putMs)?.text);
          return lists.put(old.text);
        case "the list cut short":
          return lists.put(cutShort(lists.stored()));
        case "the list of another ring":
          return lists.put(rings.find((other) => other !== ring)?.lists.stored() ?? "a.b.c\n");
        case "a list signed by another key":
          return lists.put(await ownList(ring));
      }
    },
  };
}
