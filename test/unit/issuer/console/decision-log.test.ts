/** The latest decisions and the streams of them: what comes is told at once, and no reader and no flood fills the memory. */
import { expect, test } from "vitest";
import { createDecisionLog } from "../../../../issuer/console/decision-log.ts";
import { isDecision, toDecision } from "../../../../issuer/words/decision.ts";
import type { Decision } from "../../../../issuer/words/decision.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { given, jsonObject } from "../../../support/values.ts";

function decision(kid: string, event: object = {}): Decision {
  const forwarded = { event: "request", decision: "forwarded", status: 200, method: "GET", kid };
  return given(toDecision({ ...forwarded, ...event }, 1));
}

const NEVER = new AbortController().signal;

interface Reader {
  /** @returns undefined at the end */
  next(): Promise<{ readonly id: string; readonly kids: readonly string[]; readonly data: JsonObject } | undefined>;
  cancel(): Promise<void>;
}

function read(stream: ReadableStream<Uint8Array>): Reader {
  const reader = stream.getReader();
  return {
    async next() {
      const { value } = await reader.read();
      if (value === undefined) return undefined;
      const [, id = "", json = ""] = /^id: (\d+)\ndata: (.*)\n\n$/.exec(new TextDecoder().decode(value)) ?? [];
      const data = jsonObject(json);
      const { decisions } = data;
      return { id, kids: Array.isArray(decisions) ? decisions.filter(isDecision).map(({ kid }) => kid) : [], data };
    },
    cancel: () => reader.cancel(),
  };
}

test("a page gets what there is, then each new one, and after a break what it has not got", async () => {
  const log = createDecisionLog();
  log.add(decision("a"));
  const page = read(log.follow(0, NEVER));
  expect(await page.next()).toMatchObject({ id: "1", kids: ["a"], data: { missed: 0, isOver: false } });
  const next = page.next();
  log.add(decision("b"));
  log.add(decision("c"));
  expect(await next).toMatchObject({ id: "3", kids: ["b", "c"], data: { missed: 0 } });
  expect(await read(log.follow(2, NEVER)).next()).toMatchObject({ kids: ["c"] });
  expect(await read(log.follow(99, NEVER)).next()).toMatchObject({ kids: ["a", "b", "c"] });
  await page.cancel();
});

test("a page is told at once that it is connected, and that the log has ended", async () => {
  const log = createDecisionLog();
  const page = read(log.follow(0, NEVER));
  expect(await page.next()).toMatchObject({ id: "0", kids: [] });
  const next = page.next();
  log.end();
  expect(await next).toMatchObject({ data: { isOver: true } });
});

test("a reader that is slow hears how many it has missed", async () => {
  const log = createDecisionLog(2);
  const page = read(log.follow(0, NEVER));
  await page.next();
  for (const kid of ["a", "b", "c", "d", "e"]) log.add(decision(kid));
  expect(await page.next()).toMatchObject({ id: "5", kids: ["d", "e"], data: { missed: 3 } });
});

test("streams end with the console", async () => {
  const closing = new AbortController();
  const page = read(createDecisionLog().follow(0, closing.signal));
  await page.next();
  const next = page.next();
  closing.abort();
  expect(await next).toBeUndefined();
});

test("the console's own questions about health are left out", async () => {
  const log = createDecisionLog();
  log.add(decision("x", { decision: "answered", route: "/.well-known/sealgate/health" }));
  expect(await read(log.follow(0, NEVER)).next()).toMatchObject({ id: "0" });
});
