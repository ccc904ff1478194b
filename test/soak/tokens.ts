/**
 * The tokens of a soak run: good ones, signed anew all the time and used for a part of their life, and bad ones of each kind.
 * What a token is judged to be is decided here, from what the ring's owner knows, never from what the gateway says.
 */
import { createIssuer } from "../../issuer/issuer.ts";
import { SealgateError } from "../../issuer/errors.ts";
import type { Signer } from "../../issuer/signer.ts";
import { encodeBase64url } from "../../shared/base64url.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import { createLocalSigner } from "../support/local-signer.ts";
import { given, utf8 } from "../support/values.ts";

/** What a request carries: "good", or "bad-" and why it must be refused. */
export interface SoakToken {
  readonly kind: string;
  readonly token: string;
}

export interface SoakTokensOptions {
  readonly issuer: IssuerUrl;
  readonly audience: string;
  /** K of the key set. */
  readonly clockSkewSeconds: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface SoakTokens {
  /** Good tokens of a key, used for half of their life; what KMS fails at is counted by code. */
  mint(signer: Signer, count: number): Promise<void>;
  /** Tokens of a key that is about to be withdrawn: good until {@link withdraw}, bad from {@link condemn} on. */
  mintVictims(signer: Signer, count: number): Promise<readonly string[]>;
  /** From now on these tokens are neither good nor bad: edges may or may not know yet. */
  withdraw(): void;
  /** From now on they must be refused. */
  condemn(): void;
  /** A token for the next request; undefined while there is no good one. */
  pick(): SoakToken | undefined;
  readonly signed: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** `exp` minus `iat` of good tokens. A key that no longer signs stays in the key set for at least this and twice K. */
export const GOOD_TTL_SECONDS = 8;
/** A request may take the rest of the token's life and K to arrive. */
const USED_FOR_MS = (GOOD_TTL_SECONDS / 2) * 1000;
const VICTIM_TTL_SECONDS = 3600;
const BAD_SHARE = 0.35;
const MAX_GOOD = 2000;

interface Minted {
  readonly token: string;
  readonly atMs: number;
}

export async function createSoakTokens(options: SoakTokensOptions): Promise<SoakTokens> {
  const { issuer, audience, random, clockSkewSeconds } = options;
  const stranger = await createLocalSigner("ES256");
  const strangers = (await issue(stranger, VICTIM_TTL_SECONDS, audience)).token;
  let good: Minted[] = [];
  const expired: Minted[] = [];
  const foreign: string[] = [];
  let victims: string[] = [];
  let limbo: string[] = [];
  const condemned: string[] = [];
  const failures: Record<string, number> = {};
  let signed = 0;

  async function issue(signer: Signer, ttlSeconds: number, aud: string): Promise<{ readonly token: string }> {
    const tokens = createIssuer({ issuer, signer, maxTokenTtlSeconds: VICTIM_TTL_SECONDS });
    return tokens.sign({ sub: "user-1", scope: "orders" }, { audience: aud, ttlSeconds });
  }

  /** @returns undefined when KMS has failed; anything but a coded fault is a defect and ends the run */
  async function tryIssue(signer: Signer, ttlSeconds: number, aud: string): Promise<string | undefined> {
    try {
      const { token } = await issue(signer, ttlSeconds, aud);
      signed += 1;
      return token;
    } catch (error) {
      if (!(error instanceof SealgateError)) throw error;
      failures[error.code] = (failures[error.code] ?? 0) + 1;
      return undefined;
    }
  }

  function retire(nowMs: number): void {
    const old = good.filter(({ atMs }) => nowMs - atMs >= USED_FOR_MS);
    if (old.length === 0) return;
    good = good.filter(({ atMs }) => nowMs - atMs < USED_FOR_MS);
    expired.push(...old.slice(0, 5));
    expired.splice(0, expired.length - 200);
  }

  function anyOf<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(random() * items.length)];
  }

  function expiredToken(nowMs: number): string | undefined {
    // One second for the fraction that iat drops, and one for a clock that is read a moment earlier.
    const deadAfterMs = (GOOD_TTL_SECONDS + clockSkewSeconds + 2) * 1000;
    return anyOf(expired.filter(({ atMs }) => nowMs - atMs >= deadAfterMs))?.token;
  }

  function spoil(token: string, nowMs: number): SoakToken | undefined {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const makers: readonly (() => readonly [string, string | undefined])[] = [
      () => ["signature", `${header}.${payload}.${flipBit(signature)}`],
      () => ["payload", `${header}.${flipBit(payload)}.${signature}`],
      () => ["alg-none", `${encode({ alg: "none", typ: "JWT" })}.${payload}.`],
      () => ["unknown-kid", strangers],
      () => ["other-key", `${header}.${payload}.${given(strangers.split(".")[2])}`],
      () => ["invented-kid", `${encode({ alg: "ES256", kid: `kid-${random()}`, typ: "JWT" })}.${payload}.${signature}`],
      () => ["audience", anyOf(foreign)],
      () => ["expired", expiredToken(nowMs)],
      () => ["withdrawn", anyOf(condemned)],
      () => ["garbage", "x".repeat(1 + Math.floor(random() * 12_000))],
    ];
    const [why, bad] = given(anyOf(makers))();
    return bad === undefined ? undefined : { kind: `bad-${why}`, token: bad };
  }

  return {
    async mint(signer, count) {
      for (let index = 0; index < count; index += 1) {
        const atMs = Date.now();
        const token = await tryIssue(signer, GOOD_TTL_SECONDS, audience);
        if (token !== undefined && good.length < MAX_GOOD) good.push({ token, atMs });
      }
      if (foreign.length < 20) {
        const token = await tryIssue(signer, VICTIM_TTL_SECONDS, "https://another.example.com");
        if (token !== undefined) foreign.push(token);
      }
    },
    async mintVictims(signer, count) {
      for (let index = 0; index < count; index += 1) {
        const token = await tryIssue(signer, VICTIM_TTL_SECONDS, audience);
        if (token !== undefined) victims.push(token);
      }
      return victims;
    },
    withdraw() {
      limbo = victims;
      victims = [];
    },
    condemn() {
      condemned.push(...limbo);
      limbo = [];
    },
    pick() {
      const nowMs = Date.now();
      retire(nowMs);
      const token = random() < 0.1 ? (anyOf(victims) ?? anyOf(good)?.token) : anyOf(good)?.token;
      if (token === undefined) return undefined;
      return (random() < BAD_SHARE ? spoil(token, nowMs) : undefined) ?? { kind: "good", token };
    },
    get signed() {
      return signed;
    },
    failures,
  };
}

function encode(value: object): string {
  return encodeBase64url(utf8(JSON.stringify(value)));
}

/** Another text of the same length and alphabet: one letter in the middle is another one. */
function flipBit(segment: string): string {
  const middle = Math.floor(segment.length / 2);
  return segment.slice(0, middle) + (segment[middle] === "A" ? "B" : "A") + segment.slice(middle + 1);
}
