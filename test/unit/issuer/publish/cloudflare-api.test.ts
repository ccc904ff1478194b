/** One call to the Cloudflare API: its skew. */
import { describe, expect, test } from "vitest";
import { measureSkew } from "../../../../issuer/publish/cloudflare-api.ts";

const EPOCH_MS = Date.UTC(2027, 0, 15, 8, 0, 0);

describe("the server's clock", () => {
  const date = new Date(EPOCH_MS).toUTCString();

  test.each([
    ["agrees when its second overlaps the time of the call", -500, 200, 0],
    ["agrees at the end of its second", 999, 1200, 0],
    ["is ahead by the least difference to the end of the call", -9000, -2000, 2],
    ["is behind by the least difference to the start of the call", 2999, 9000, -2],
  ])("%s", (_what, sentAfterMs, receivedAfterMs, seconds) => {
    expect(measureSkew(date, EPOCH_MS + sentAfterMs, EPOCH_MS + receivedAfterMs)).toBe(seconds);
  });

  test.each([null, "", "yesterday"])("is unknown for the Date %j", (value) => {
    expect(measureSkew(value, EPOCH_MS, EPOCH_MS)).toBeUndefined();
  });
});
