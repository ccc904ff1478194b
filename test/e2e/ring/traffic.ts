/**
 * Constant traffic through a gateway: tokens are signed all the time, and each of them is sent again and again until shortly
 * before it expires. Every answer is kept.
 */
import { createIssuer } from "../../../issuer/issuer.ts";
import type { IssuedToken } from "../../../issuer/issuer.ts";
import type { RingMember, SignerSource } from "../../../issuer/signer.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";

export interface Answer {
  readonly kid: string;
  readonly status: number;
  /** When the request was sent, epoch milliseconds. */
  readonly sentAtMs: number;
}

export interface TrafficOptions {
  readonly gatewayUrl: string;
  /** A ring, or several, home first. */
  readonly source: SignerSource | readonly RingMember[];
  /** Lifetime of the tokens. */
  readonly ttlSeconds: number;
  /** Between two tokens, and between two requests with one token. */
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
  /** Signs no more, and returns once the last token has been sent for the last time. */
  stop(): Promise<void>;
}

/** The last request with a token is sent this long before it expires: it has to arrive during its life. */
const LAST_MS = 250;

export function startTraffic({ gatewayUrl, source, ttlSeconds, everyMs }: TrafficOptions): Traffic {
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
      answers.push({ kid, ...(await send(gatewayUrl, token)) });
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

/** One request with a token. */
export async function send(gatewayUrl: string, token: string): Promise<Omit<Answer, "kid">> {
  const sentAtMs = Date.now();
  const response = await fetch(`${gatewayUrl}/api/orders`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return { status: response.status, sentAtMs };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
