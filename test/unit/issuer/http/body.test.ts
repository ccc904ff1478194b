import { expect, test } from "vitest";
import { readText } from "../../../../issuer/http/body.ts";
import { err, ok } from "../../../../shared/result.ts";

const LONGEST = 64 * 1024;

test.each([
  ["none", null, ok("")],
  ["a text", "token=ä", ok("token=ä")],
  ["the longest", "a".repeat(LONGEST), ok("a".repeat(LONGEST))],
  ["a longer one", "a".repeat(LONGEST + 1), err("The body is longer than 65536 octets.")],
  ["other octets", Uint8Array.of(0xff, 0xfe), err("The body must be UTF-8.")],
])("%s", async (_, body, read) => {
  expect(await readText(new Response(body).body)).toEqual(read);
});
