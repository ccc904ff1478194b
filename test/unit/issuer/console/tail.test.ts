/** What `wrangler tail --format json` prints, cut anywhere, with anything between. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decisionsIn } from "../../../../issuer/console/tail.ts";
import type { Decision } from "../../../../issuer/words/decision.ts";

const EVENT = { event: "request", decision: "refused", status: 401, method: "GET", refusal: { code: "token_missing" } };

/** As Cloudflare sends it for a request, with what must go nowhere: URL and headers. */
function tailItem(...events: readonly object[]): object {
  return {
    wallTime: 3,
    cpuTime: 1,
    truncated: false,
    executionModel: "stateless",
    outcome: "ok",
    scriptName: "sealgate-production",
    scriptVersion: { id: "0b1f6d1e" },
    diagnosticsChannelEvents: [],
    exceptions: [],
    logs: events.map((event) => ({ message: [JSON.stringify(event)], level: "log", timestamp: 1_795_827_899_162 })),
    eventTimestamp: 1_795_827_899_160,
    event: {
      request: {
        url: "https://api.example.com/api/secret-path?a=1",
        method: "GET",
        headers: { cookie: "secret-cookie" },
        cf: {},
      },
      response: { status: 401 },
      rayId: "9a",
    },
  };
}

async function decisionsOf(text: string, size = 7): Promise<readonly Decision[]> {
  async function* chunks(): AsyncGenerator<string> {
    for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size);
  }
  const decisions: Decision[] = [];
  for await (const decision of decisionsIn(chunks(), () => 9)) decisions.push(decision);
  return decisions;
}

const PRETTY = JSON.stringify(tailItem(EVENT), undefined, 2);

test("objects over several lines, wherever they are cut; of them the log alone", async () => {
  const text = `${PRETTY}\n${PRETTY}\r\n`;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2000 }), async (size) => {
      const decisions = await decisionsOf(text, size);
      expect(decisions).toHaveLength(2);
      expect(decisions[0]).toMatchObject({ atMs: 1_795_827_899_162, status: 401, reason: "token_missing" });
      expect(JSON.stringify(decisions)).not.toContain("secret");
    }),
    { numRuns: 30 },
  );
});

test("a line of JSON for each object, several events of one request, and the gateway's log by itself", async () => {
  const lines = [tailItem(EVENT, EVENT), EVENT].map((one) => JSON.stringify(one)).join("\n");
  const decisions = await decisionsOf(lines);
  expect(decisions.map(({ atMs }) => atMs)).toEqual([1_795_827_899_162, 1_795_827_899_162, 9]);
});

test("what is no event is passed over, and what comes next is read", async () => {
  const noise = [
    "Successfully created tail {",
    "{",
    "  } not JSON",
    '{"logs":7}',
    '{"logs":[7,{"message":["x"]}]}',
    "}",
    "{]}",
  ];
  expect(await decisionsOf([...noise, PRETTY].join("\n"))).toHaveLength(1);
  expect(await decisionsOf([PRETTY.slice(0, 90), PRETTY].join("\n"))).toHaveLength(1);
});

test("neither a line nor an object without an end fills the memory", async () => {
  const long = "x".repeat(1_500_000);
  expect(await decisionsOf(`{"a":"${long}"}\n${PRETTY}\n`, 65_536)).toHaveLength(1);
  expect(await decisionsOf(`{\n${`  "${"y".repeat(1000)}",\n`.repeat(1500)}}\n${PRETTY}\n`, 65_536)).toHaveLength(1);
});

test.each([
  [
    "nested so deeply that a recursive reader exhausts its stack",
    { deep: `${"[".repeat(20_000)}${"]".repeat(20_000)}` },
  ],
  ["with a text that looks like the beginnings of many tokens", { deep: JSON.stringify("ey-".repeat(200_000)) }],
])("an event %s ends nothing: the next one is read", async (_, { deep }) => {
  const event = JSON.stringify({ ...EVENT, refusal: { code: "x", at: "DEEP" } }).replace('"DEEP"', deep);
  const decisions = await decisionsOf(`${event}\n${JSON.stringify(EVENT)}\n`, 65_536);
  expect(decisions.at(-1)).toMatchObject({ reason: "token_missing" });
});

test("a time that no date can hold is not taken over", async () => {
  const [log] = [{ message: [JSON.stringify(EVENT)], timestamp: Number.MAX_SAFE_INTEGER }];
  expect(await decisionsOf(JSON.stringify({ logs: [log] }))).toMatchObject([{ atMs: 9 }]);
});
