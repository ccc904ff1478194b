/** `sealgate console` on a real port: what it prints, whom it lets in, and how it ends. */
import { expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { jsonObject } from "../../../support/values.ts";
import { startRipeRing } from "../cli/ring/support.ts";
import { textOf } from "../cli/support.ts";

test("shows the ring to the browser that brings the token, and ends in order at Ctrl-C", async () => {
  const cli = await startRipeRing();
  const ctrlC = new AbortController();
  const printed = Promise.withResolvers<string>();
  const run = cli.sealgate(["console", "--json", "--gateway", "http://127.0.0.1:1"], {
    interrupted: ctrlC.signal,
    out: (text) => printed.resolve(text),
  });
  const url = textOf(jsonObject(await printed.promise), "url");
  expect(new URL(url).hostname).toBe("127.0.0.1");
  const cookie = (await fetch(url)).headers.get("set-cookie")?.split(";")[0] ?? "";
  const text = await (await fetch(new URL("/ring", url), { headers: { cookie } })).text();
  expect(text).toContain("Generation 2, now safe to sign.");
  expect(text).toMatch(/<dt>http:\/\/127\.0\.0\.1:1<\/dt>\s*<dd>unreachable \(no connection\)<\/dd>/);
  expect((await fetch(url)).status).toBe(403);
  ctrlC.abort();
  expect(await run).toMatchObject({ code: EXIT.ok, err: expect.stringContaining("The URL works once") });
});

test("shows the decisions that are piped in, and goes on when they end", async () => {
  const cli = await startRipeRing();
  const ctrlC = new AbortController();
  const printed = Promise.withResolvers<string>();
  const event = {
    event: "request",
    decision: "refused",
    status: 401,
    method: "GET",
    refusal: { code: "token_missing" },
  };
  const run = cli.sealgate(["console", "--json", "--decisions", "-"], {
    interrupted: ctrlC.signal,
    out: (text) => printed.resolve(text),
    stdinChunks: async function* one() {
      yield `${JSON.stringify(event)}\n`;
    },
  });
  const url = textOf(jsonObject(await printed.promise), "url");
  const cookie = (await fetch(url)).headers.get("set-cookie")?.split(";")[0] ?? "";
  const stream = await fetch(new URL("/decisions", url), { headers: { cookie } });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('"reason":"token_missing"');
  // A page that still listens does not hold up the end.
  ctrlC.abort();
  expect(await run).toMatchObject({ code: EXIT.ok });
});

test.each([
  [["--decisions", "log.json"], '--decisions must be "-"'],
  [["--decisions", "-"], "--decisions reads a gateway's log on standard input"],
  [["--routes", "/does/not/exist.json"], "--routes: the file cannot be loaded"],
  [["--port", "x"], "--port must be a number from 0 to 65535"],
  [["--gateway", "ftp://example.com"], "--gateway must be an http or https URL"],
])("refuses %j before it listens", async (argv, message) => {
  const cli = await startRipeRing();
  const run = await cli.sealgate(["console", ...argv], { stdinIsTerminal: true });
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain(message);
});
