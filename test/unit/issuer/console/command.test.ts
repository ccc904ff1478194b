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
  const page = await fetch(url);
  const text = await page.text();
  expect(text).toContain("Generation 2, now safe to sign.");
  expect(text).toMatch(/<dt>http:\/\/127\.0\.0\.1:1<\/dt>\s*<dd>unreachable \(no connection\)<\/dd>/);
  expect((await fetch(url)).status).toBe(403);
  ctrlC.abort();
  expect(await run).toMatchObject({ code: EXIT.ok, err: expect.stringContaining("The URL works once") });
});

test.each([
  [["--port", "x"], "--port must be a number from 0 to 65535"],
  [["--gateway", "ftp://example.com"], "--gateway must be an http or https URL"],
])("refuses %j before it listens", async (argv, message) => {
  const cli = await startRipeRing();
  const run = await cli.sealgate(["console", ...argv]);
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain(message);
});
