/**
 * A network of JWK Sets for tests: what is asked for is answered from a table that a test can change, and counted. Web globals
 * only.
 */
import type { JwkSetFetch, JwkSetRequest } from "../../shared/foreign/fetch-keys.ts";

export type Answer = (request: JwkSetRequest) => Response | Promise<Response>;

export interface ForeignNetwork {
  readonly fetch: JwkSetFetch;
  /** Each URL that was asked for, in order. */
  readonly asked: readonly string[];
  /** @param answer an object is sent as JSON with status 200 */
  serve(url: string, answer: Answer | object): void;
}

/** A URL that nothing serves cannot be reached. */
export function createForeignNetwork(): ForeignNetwork {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  return {
    asked,
    async fetch(url, request) {
      asked.push(url);
      const answer = answers.get(url);
      if (answer === undefined) throw new TypeError("fetch failed");
      return answer(request);
    },
    serve(url, answer) {
      answers.set(url, isAnswer(answer) ? answer : () => Response.json(answer));
    },
  };
}

function isAnswer(answer: Answer | object): answer is Answer {
  return typeof answer === "function";
}
