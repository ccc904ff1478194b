/** A client whose requests are refused again and again is told to wait; a good request never is. */
import { describe, expect, test } from "vitest";
import { networkOf } from "../../../../edge-verifier/features/refusal-limit.ts";
import { configure, makeFixture, problemOf } from "../fixture.ts";

describe("a limit on refused requests", () => {
  const limiterOf = (limit: number): { REFUSALS: object; keys: string[] } => {
    const keys: string[] = [];
    const REFUSALS = {
      limit: async ({ key }: { key: string }) => {
        keys.push(key);
        return { success: keys.filter((one) => one === key).length <= limit };
      },
    };
    return { REFUSALS, keys };
  };
  const from = (address: string): RequestInit => ({ headers: { "cf-connecting-ip": address } });

  test("answers 429 instead of the refusal, and keeps the refusal for the log", async () => {
    const { REFUSALS } = limiterOf(2);
    const fixture = await makeFixture({ vars: { REFUSALS } });
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await fixture.send("/api/x", from("192.0.2.1"))).status);
    expect(statuses).toEqual([401, 401, 429]);
    const response = await fixture.send("/api/%5c", from("192.0.2.1"));
    expect(response.headers.get("retry-after")).toBe("60");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await problemOf(response)).toMatchObject({ status: 429, code: "too_many_refusals" });
    expect(fixture.events.at(-1)).toMatchObject({
      decision: "refused",
      status: 429,
      code: "too_many_refusals",
      refusal: { code: "too_many_refusals", refusal: { code: "path_unsafe" } },
    });
  });

  test("never holds back a good request, nor counts one", async () => {
    const { REFUSALS, keys } = limiterOf(0);
    const fixture = await makeFixture({ vars: { REFUSALS } });
    expect((await fixture.send("/api/x", from("192.0.2.1"))).status).toBe(429);
    expect((await fixture.sendAs({}, "/api/x", from("192.0.2.1"))).status).toBe(200);
    expect((await fixture.send("/public/x", from("192.0.2.1"))).status).toBe(200);
    expect(keys).toEqual(["192.0.2.1"]);
  });

  test("does not count failures of the origin or of the keys", async () => {
    const { REFUSALS, keys } = limiterOf(0);
    const fixture = await makeFixture({ vars: { REFUSALS }, publish: false });
    expect((await fixture.sendAs({}, "/api/x", from("192.0.2.1"))).status).toBe(503);
    expect(keys).toEqual([]);
  });

  test("that fails limits nobody, and neither does a request without an address", async () => {
    const REFUSALS = { limit: () => Promise.reject(new Error("down")) };
    const fixture = await makeFixture({ vars: { REFUSALS } });
    expect((await fixture.send("/api/x", from("192.0.2.1"))).status).toBe(401);
    const { REFUSALS: strict } = limiterOf(0);
    const other = await makeFixture({ vars: { REFUSALS: strict } });
    expect((await other.send("/api/x")).status).toBe(401);
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0DB8:0001::6", "2001:db8:1:0"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ])("counts %s as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test.each([{}, { limit: 1 }])("needs a rate limiting binding: %j is none", async (REFUSALS) => {
    expect((await configure({ REFUSALS })).problems.map(({ variable }) => variable)).toEqual(["REFUSALS"]);
  });
});
