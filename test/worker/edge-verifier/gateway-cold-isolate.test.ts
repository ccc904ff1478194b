/** What a cold isolate does with several requests at once. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { makeFixture } from "./fixture.ts";

describe("requests side by side in a cold isolate", () => {
  test("are all answered, and end up with one state", async () => {
    const fixture = await makeFixture();
    const token = await fixture.token();
    const init = { headers: { authorization: `Bearer ${token}` } };
    const together = await Promise.all(Array.from({ length: 20 }, () => fixture.send("/api/x", init)));
    expect(together.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    let reads = 0;
    const { KEY_SETS } = env;
    fixture.env["KEY_SETS"] = {
      get: () => {
        reads += 1;
        return KEY_SETS.get("none");
      },
    };
    await fixture.send("/api/x", init);
    expect(reads).toBe(0);
  });
});
