/**
 * The decisions in what `wrangler tail --format json` prints: one JSON object after the other, each over several lines and with the
 * log of one request in it. The gateway's log by itself, a line of JSON for each event, is read as well. Of the object only the log
 * is looked at: the request's URL and headers, which are in it too, go nowhere. Reads a stream, and keeps no more than one object.
 */
import { isJsonObject, parseJsonObjectText } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { isTimeMs, toDecision } from "../words/decision.ts";
import type { Decision } from "../words/decision.ts";

/** Longer ones are left out: the log of a request has at most 256 KB (https://developers.cloudflare.com/workers/platform/limits/). */
const MAX_OBJECT_CHARACTERS = 1_000_000;

/**
 * @param chunks of text, cut anywhere
 * @param nowMs for events that do not say when they happened; epoch milliseconds
 */
export async function* decisionsIn(chunks: AsyncIterable<string>, nowMs: () => number): AsyncGenerator<Decision> {
  for await (const text of objectsIn(linesIn(chunks))) yield* decisionsOf(text, nowMs());
}

async function* linesIn(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    // The end of what is cut here is no JSON, so that nothing is taken out of the middle of a line.
    if (rest.length > MAX_OBJECT_CHARACTERS) rest = "\u0000";
    yield* lines;
  }
  yield rest;
}

/** An object begins with a line that begins with its brace. wrangler indents what is inside, so that its end is found without parsing. */
async function* objectsIn(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let open = "";
  for await (const raw of lines) {
    const line = raw.replace(/\r$/, "");
    if (line.startsWith("{")) open = line;
    else if (open !== "") open += line;
    const isEnd = line === "}" || (line.startsWith("{") && line.endsWith("}"));
    if (open !== "" && isEnd) yield open;
    if (isEnd || open.length > MAX_OBJECT_CHARACTERS) open = "";
  }
}

function decisionsOf(text: string, nowMs: number): readonly Decision[] {
  const item = parse(text);
  const own = toDecision(item, nowMs);
  if (own !== undefined) return [own];
  if (!Array.isArray(item?.["logs"])) return [];
  const logs: readonly unknown[] = item["logs"];
  return logs.flatMap((log) => {
    if (!isJsonObject(log) || !Array.isArray(log["message"])) return [];
    const { timestamp } = log;
    const [message]: readonly unknown[] = log["message"];
    return toDecision(parse(message), isTimeMs(timestamp) ? timestamp : nowMs) ?? [];
  });
}

/** Strict JSON, whose nesting is bounded: what a log says must not exhaust a stack. */
function parse(text: unknown): JsonObject | undefined {
  const parsed = typeof text === "string" ? parseJsonObjectText(text) : undefined;
  return parsed?.ok === true ? parsed.value : undefined;
}
