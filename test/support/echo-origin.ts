/**
 * The origin of the Worker tests, bound as a service: it answers with what has reached it. A few paths behave as origins
 * sometimes do. It keeps nothing between requests.
 */

/** What reached the origin. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the handler needs of a request; Miniflare's own class has it too. */
interface IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Iterable<[string, string]>;
  text(): Promise<string>;
}

/** The paths below which the origin does not simply answer. Each stands for a behaviour, anywhere in the path. */
export const ORIGIN_REDIRECTS = "/redirects";
export const ORIGIN_HANGS = "/hangs";
export const ORIGIN_FAILS = "/fails";

export async function answerAsOrigin<Reply>(
  request: IncomingRequest,
  reply: (body: string, init: { status: number; headers: [string, string][] }) => Reply,
): Promise<Reply> {
  if (request.url.includes(ORIGIN_HANGS)) return new Promise(() => {});
  if (request.url.includes(ORIGIN_REDIRECTS)) {
    return reply("", { status: 302, headers: [["location", "https://elsewhere.example/?next=1"]] });
  }
  const echo: Echo = {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  };
  const headers: [string, string][] = [
    ["content-type", "application/json"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ];
  return reply(JSON.stringify(echo), { status: request.url.includes(ORIGIN_FAILS) ? 418 : 200, headers });
}
