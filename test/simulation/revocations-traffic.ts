/**
 * Tokens, revokers and requests of a history in which tokens are taken back: steady traffic, and requests aimed at the moments in
 * which a promise is closest to being broken: at the end of a token, and along the longest way of an old list.
 */
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { ALWAYS_AWAKE, createHost, createHostClock } from "./host.ts";
import type { KvWrite } from "./kv-model.ts";
import { SealgateError, createRevoker } from "./ports.ts";
import type { Revocations, RingPolicy } from "./ports.ts";
import type { ListIsolate } from "./revocations-edge.ts";
import type { ListToken } from "./revocations-facts.ts";
import type { ListJudge } from "./revocations-judge.ts";
import type { ListSchedule } from "./revocations-schedule.ts";
import type { Rng } from "./rng.ts";
import type { MintedToken, SignerHost } from "./signer.ts";
import type { TableModel } from "./table-model.ts";

export interface ListTrafficOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly schedule: ListSchedule;
  readonly policy: RingPolicy;
  readonly judge: ListJudge;
  readonly tables: readonly TableModel[];
  /** The signer of each ring. */
  readonly signers: readonly SignerHost[];
  readonly isolateAt: (location: number, isFresh: boolean) => ListIsolate;
  readonly skew: number;
  /** @param now of the revoker's clock, epoch seconds */
  readonly wrap: (revocations: Revocations, now: () => number) => Revocations;
  readonly onDefect: (error: unknown) => void;
}

export interface ListTraffic {
  /** Claims of the next token. */
  readonly claims: () => object;
  start(): void;
  burst(times: number): void;
  onList(write: KvWrite): void;
}

const USERS = 6;
/** An entry that arrives late is told from the next one of the same subject. */
const ASK_AGAIN_MS = 60_000;
const MOST_TOKENS = 80;

export function createListTraffic(options: ListTrafficOptions): ListTraffic {
  const { clock, rng, coverage, schedule, policy, judge, signers, isolateAt, onDefect } = options;
  const tokens: ListToken[] = [];
  const sessions = Array.from({ length: USERS }, (_, user) => `session ${user}.0`);
  const askedMs = new Map<string, number>();
  let logins = 0;
  const isBusy = (): boolean => tokens.length > 0;
  const spawn = (work: Promise<unknown>): void => void work.catch(onDefect);
  const quiet = schedule.locations.length - 1;
  const anyLocation = (): number => rng.int(0, Math.max(0, quiet - 1));

  const revoker = makeRevoker(options);

  function send(token: ListToken | undefined, isolate: ListIsolate): void {
    if (token === undefined || clock.nowMs > token.untilMs + 120_000) return;
    spawn(isolate.request(token).then((answer) => judge.onAnswer(token, answer, isolate)));
  }

  function claims(): object {
    const user = rng.int(0, USERS - 1);
    return { sub: `user ${user}`, sid: sessions[user] };
  }

  function tokenOf(ring: number, minted: MintedToken): ListToken {
    const payload: unknown = JSON.parse(Buffer.from(minted.token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const member = (name: string): unknown =>
      typeof payload === "object" && payload !== null ? Reflect.get(payload, name) : undefined;
    return {
      ...minted,
      ring,
      ids: { jti: String(member("jti")), sid: String(member("sid")), sub: String(member("sub")) },
      iat: Number(member("iat")),
      expMs: Number(member("exp")) * 1000,
      issuedMs: clock.nowMs,
    };
  }

  async function issueAndUse(): Promise<void> {
    const ring = rng.int(0, signers.length - 1);
    const minted = await signers[ring]?.mint(rng.chance(0.5) ? 1 : rng.between(0.3, 1));
    if (minted === undefined) return;
    const token = tokenOf(ring, minted);
    judge.onToken(token);
    tokens.push(token);
    if (tokens.length > MOST_TOKENS) tokens.shift();
    const isolate = isolateAt(anyLocation(), rng.chance(0.2));
    if (rng.chance(0.1)) spawn(isolate.open(token, (answer) => judge.onAnswer(token, answer, isolate)));
    else send(token, isolate);
    const lifeMs = token.untilMs - clock.nowMs;
    const { clockSkewSeconds: k } = policy.timing;
    // At some time, right before its end by the issuer's clock, and at the last moments in which an edge may accept it.
    for (const afterMs of [lifeMs * rng.next(), lifeMs - rng.between(1, 2000), lifeMs + 1000 * k * rng.between(0.5, 2)])
      clock.at(clock.nowMs + afterMs, () => send(token, isolateAt(anyLocation(), rng.chance(0.3))));
    if (rng.chance(0.35)) clock.at(clock.nowMs + lifeMs * rng.next() * 0.7, () => spawn(takeBack(token)));
  }

  async function takeBack(token: ListToken): Promise<void> {
    const kind = rng.pick(["jti", "jti", "sid", "sub"] as const);
    const value = token.ids[kind];
    const name = `${kind} ${value}`;
    if (clock.nowMs < (askedMs.get(name) ?? 0) + ASK_AGAIN_MS) return;
    askedMs.set(name, clock.nowMs);
    judge.onAsk({ kind, value, askedMs: clock.nowMs });
    coverage.count(`taken back by ${kind}`);
    const user = Number(token.ids.sub.split(" ")[1]);
    if (kind !== "jti" && rng.chance(0.7)) sessions[user] = `session ${user}.${++logins}`;
    try {
      if (kind === "sid") await revoker.revokeSession(value);
      else if (kind === "sub") await revoker.revokeSubject(value);
      else await revoker.revokeToken(rng.chance(0.8) ? { jti: value, expiresAt: token.expMs / 1000 } : { jti: value });
    } catch (error) {
      if (!(error instanceof SealgateError)) throw error;
      coverage.count("revocations that no table has taken, as far as their caller knows");
    }
    for (let times = 0; times < 3; times++)
      clock.at(clock.nowMs + 1000 * rng.between(0, 900), () => send(token, isolateAt(anyLocation(), rng.chance(0.3))));
  }

  function steady(): void {
    spawn(issueAndUse());
    send(tokens.at(-rng.int(1, Math.max(1, Math.min(tokens.length, 20)))), isolateAt(anyLocation(), false));
    clock.at(clock.nowMs + schedule.everySeconds * 1000 * rng.between(0.5, 1.5), steady);
  }

  const stolen = (): ListToken | undefined =>
    tokens.findLast((token) => judge.isTakenBack(token) && token.untilMs > clock.nowMs);

  /** An isolate that holds what was there before `write` for as long as the rules of edge and KV allow. */
  function longestWay({ forcedMs }: KvWrite, location: number): void {
    const { kvCacheTtlSeconds: c, memoryTtlSeconds: m } = policy.timing;
    const slack = (): number => rng.between(1, 1500);
    const cachedMs = forcedMs - slack();
    const heldMs = cachedMs + rng.pick([c, 30]) * 1000 - slack();
    const usedMs = heldMs + m * 1000 - slack();
    clock.at(cachedMs, () => {
      const first = isolateAt(location, true);
      send(stolen(), first);
      clock.at(heldMs, () => {
        const holder = rng.chance(0.5) ? first : isolateAt(location, rng.chance(0.7));
        for (const atMs of [heldMs, usedMs, usedMs + 3000]) clock.at(atMs, () => send(stolen(), holder));
        clock.at(usedMs, () => send(tokens.at(-1), holder));
      });
    });
  }

  return {
    claims,
    start: steady,
    burst(times) {
      for (let done = 0; done < times; done++) {
        clock.at(clock.nowMs + 1000 * rng.between(0, 60), () => {
          const token = isBusy() ? rng.pick(tokens) : undefined;
          if (token !== undefined && token.untilMs > clock.nowMs) spawn(takeBack(token));
        });
      }
    },
    onList(write) {
      if (!isBusy()) return;
      longestWay(write, quiet);
      if (rng.chance(0.4)) longestWay(write, anyLocation());
    },
  };
}

/** An auth backend: its calls to the tables fail, are slow, and lose their answers. */
function makeRevoker({ clock, rng, coverage, schedule, policy, tables, skew, wrap }: ListTrafficOptions): Revocations {
  const adversity = (): ListSchedule["tableAdversity"] => schedule.tableAdversity;
  const host = createHost({ clock, rng, coverage, adversity, freezer: ALWAYS_AWAKE, onCrash: () => {} });
  const stores = tables.map((table) => table.store(host, adversity));
  const hostClock = createHostClock(clock, () => skew);
  return wrap(createRevoker({ policy, tables: stores, clock: hostClock }), () => hostClock.epochMs() / 1000);
}
