/**
 * The Worker around a contender. One request asks for many verifications, so that what HTTP costs is out of the way; a
 * request with a bearer token asks for one, so that it is in. Times nothing: the clock stands still in here.
 */
import type { Settings } from "./settings.ts";

/** What a contender may use of the platform. */
export interface ContenderEnv {
  readonly SETTINGS: Settings;
  readonly KEYS?: KvReader;
}

export interface KvReader {
  get(key: string, options: { readonly type: "text"; readonly cacheTtl: number }): Promise<string | null>;
}

export type WaitUntil = (work: Promise<unknown>) => void;

/** True when the token is good. A contender that throws has refused. */
export type Check<Input> = (input: Input, waitUntil: WaitUntil) => Promise<boolean> | boolean;

export interface Contender<Input> {
  /** Turns a token into what {@link Contender.check} takes, outside the measurement. */
  readonly prepare: (token: string) => Input;
  readonly check: Check<Input>;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export interface ContenderWorker {
  fetch(request: Request, env: ContenderEnv, context: Context): Promise<Response>;
}

/** @param create called once, with the first request */
export function serve<Input>(create: (env: ContenderEnv) => Promise<Contender<Input>>): ContenderWorker {
  let contender: Contender<Input> | undefined;
  let inputs: readonly Input[] = [];

  return {
    async fetch(request, env, context) {
      contender ??= await create(env);
      const { prepare, check } = contender;
      const waitUntil: WaitUntil = (work) => context.waitUntil(work);
      const authorization = request.headers.get("authorization");
      if (authorization !== null) {
        const good = await isGood(check, prepare(authorization.slice("Bearer ".length)), waitUntil);
        return new Response(null, { status: good ? 204 : 401 });
      }
      if (request.method === "PUT") {
        const tokens: readonly string[] = await request.json();
        inputs = tokens.map((token) => prepare(token));
        return new Response(null, { status: 204 });
      }
      const count = Number(new URL(request.url).searchParams.get("count"));
      return Response.json({ good: await checkMany(check, inputs, count, waitUntil) });
    },
  };
}

/** For contenders that take the token as it is. */
export function takesText(token: string): string {
  return token;
}

async function checkMany<Input>(
  check: Check<Input>,
  inputs: readonly Input[],
  count: number,
  waitUntil: WaitUntil,
): Promise<number> {
  let good = 0;
  for (let done = 0; done < count;) {
    for (const input of inputs) {
      const outcome = check(input, waitUntil);
      // A contender that answers at once is not made to wait for the next microtask.
      if (typeof outcome === "boolean" ? outcome : await outcome) good += 1;
      done += 1;
      if (done === count) break;
    }
  }
  return good;
}

async function isGood<Input>(check: Check<Input>, input: Input, waitUntil: WaitUntil): Promise<boolean> {
  try {
    return await check(input, waitUntil);
  } catch {
    return false;
  }
}
