/**
 * Constant traffic: tokens are signed all the time, and each of them is shown to every consumer again and again until shortly
 * before it expires. Every verdict is kept.
 */
import { createIssuer } from "../../../issuer/issuer.ts";
import type { IssuedToken } from "../../../issuer/issuer.ts";
import type { RingMember, SignerSource } from "../../../issuer/signer.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import type { Consumer, Verdict } from "./consumers.ts";

export interface Answer extends Verdict {
  /** Whose verdict it is. */
  readonly consumer: string;
  /** Of the token. */
  readonly kid: string;
}

export interface TrafficOptions {
  readonly consumers: readonly Consumer[];
  /** A ring, or several, home first. */
  readonly source: SignerSource | readonly RingMember[];
  /** Lifetime of the tokens. */
  readonly ttlSeconds: number;
  /** Between two tokens, and a quarter of the time between two looks at one token. */
  readonly everyMs: number;
}

export interface Traffic {
  readonly answers: readonly Answer[];
  /** kids of the tokens so far, in the order of their first token. */
  readonly kids: ReadonlySet<string>;
  /** Of the last token. */
  readonly lastKid: string | undefined;
  /** How many tokens were signed. */
  readonly signed: number;
  /** What signing failed with. */
  readonly faults: readonly unknown[];
  /** Signs no more, and returns once the last token has been shown for the last time. */
  stop(): Promise<void>;
}

/** A token is shown for the last time this long before it expires: the request has to arrive during its life. */
const LAST_MS = 250;

export function startTraffic({ consumers, source, ttlSeconds, everyMs }: TrafficOptions): Traffic {
  const signers = "current" in source ? { ring: source } : { rings: source };
  const issuer = createIssuer({ issuer: LOCAL_ISSUER, ...signers, maxTokenTtlSeconds: ttlSeconds });
  const answers: Answer[] = [];
  const kids = new Set<string>();
  const faults: unknown[] = [];
  const users: Promise<void>[] = [];
  let signed = 0;
  let lastKid: string | undefined;
  const stopped = new AbortController();

  async function use({ token, kid, expiresAt }: IssuedToken): Promise<void> {
    const untilMs = expiresAt * 1000 - LAST_MS;
    while (Date.now() < untilMs) {
      const verdicts = await askAll(consumers, token, kid);
      // On a busy machine a verdict may come after the token's end: then it says nothing about a good one.
      if (Date.now() < expiresAt * 1000) answers.push(...verdicts);
      await pause(Math.min(everyMs * 4, Math.max(untilMs - Date.now() - 1, 0)));
    }
  }

  async function sign(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        const issued = await issuer.sign({ sub: "user-1" }, { audience: LOCAL_AUDIENCE, ttlSeconds });
        signed += 1;
        kids.add(issued.kid);
        lastKid = issued.kid;
        users.push(use(issued));
      } catch (error) {
        faults.push(error);
      }
      await pause(everyMs);
    }
  }

  const signing = sign();
  return {
    answers,
    kids,
    faults,
    get lastKid() {
      return lastKid;
    },
    get signed() {
      return signed;
    },
    async stop() {
      stopped.abort();
      await signing;
      await Promise.all(users);
    },
  };
}

/** One look at a token by each consumer, at the same time. */
export function askAll(consumers: readonly Consumer[], token: string, kid: string): Promise<readonly Answer[]> {
  return Promise.all(
    consumers.map(async (consumer) => ({ consumer: consumer.name, kid, ...(await consumer.ask(token)) })),
  );
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
