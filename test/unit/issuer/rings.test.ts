/** Several rings behind one issuer: which one signs, how soon the next one does, and when home is used again. */
import { describe, expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { Issuer } from "../../../issuer/issuer.ts";
import { createRingSource } from "../../../issuer/key-ring/sign/ring-source.ts";
import type { RingSigner } from "../../../issuer/key-ring/index.ts";
import { createRings } from "../../../issuer/rings.ts";
import type { Rings } from "../../../issuer/rings.ts";
import { parseRingName } from "../../../shared/identifiers.ts";
import { faultOf } from "../../support/published-by.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { createRegion } from "../../support/region.ts";
import type { Region } from "../../support/region.ts";
import { startRingWorld } from "../../support/ring-world.ts";
import type { RingWorld } from "../../support/ring-world.ts";
import { untyped } from "../../support/untyped.ts";
import { given } from "../../support/values.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";

const WEST = given(parseRingName("west"));
const DAY = 86_400;

interface Side {
  readonly world: RingWorld;
  readonly region: Region;
  readonly source: RingSigner;
}

interface Sides {
  readonly main: Side;
  readonly west: Side;
  readonly rings: Rings;
  readonly issuer: Issuer;
  /** Which ring has signed a token. */
  readonly sign: (deadlineMs?: number) => Promise<string>;
  /** Seconds pass, in both Regions. */
  readonly pass: (seconds: number) => void;
  /** Lets what is under way in the background end. */
  readonly background: () => Promise<void>;
  /** The limits that were set, the oldest first, and what lets the last of them pass. */
  readonly limits: { readonly delayMs: number; readonly onTime: () => void }[];
}

/** Two rings, each a day old, known to every edge, with the issuer over both. */
async function startSides(ageSeconds = 1000): Promise<Sides> {
  const clock = createVirtualClock();
  const startSide = async (world: RingWorld): Promise<Side> => {
    await world.run({ request: { kind: "init" } });
    const region = createRegion(world.ports.kms);
    return { world, region, source: createRingSource(world.policy, { kms: region.kms, clock: world.now }) };
  };
  const main = await startSide(await startRingWorld({}, clock));
  const west = await startSide(await startRingWorld({ ring: WEST }, clock));
  if (ageSeconds > 0) {
    clock.advance(ageSeconds * 1000);
    for (const { world } of [main, west]) await world.run();
    clock.advance(ageSeconds * 1000);
  }
  const limits: Sides["limits"] = [];
  const rings = createRings([main.source, west.source], {
    nowMs: () => clock.monotonicMs(),
    random: () => 0.5,
    startTimer: (delayMs, onTime) => {
      limits.push({ delayMs, onTime });
      return () => {};
    },
  });
  const issuer = createIssuer({ issuer: TEST_ISSUER, rings, maxTokenTtlSeconds: 600, clock: main.world.now });
  return {
    main,
    west,
    rings,
    issuer,
    limits,
    async sign(deadlineMs) {
      const { kid } = await issuer.sign(
        { sub: "someone" },
        { audience: "api", ...(deadlineMs !== undefined && { deadlineMs }) },
      );
      return (await main.world.generation(1)).tags.kid === kid ? "main" : "west";
    },
    pass: (seconds) => clock.advance(seconds * 1000),
    async background() {
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => void setImmediate(resolve));
      for (const { source } of [main, west]) await source.refresh().catch(() => undefined);
    },
  };
}

describe("home", () => {
  test("signs while it can, with the other ring's signer looked up beside it", async () => {
    const { sign, west, background } = await startSides();
    expect(await sign()).toBe("main");
    await background();
    expect(west.source.isReady()).toBe(true);
    expect(west.region.calls).not.toContain("sign");
  });

  test.each(["kms_unreachable", "kms_internal", "kms_throttled", "kms_access_denied"] as const)(
    "gives way to the other ring when its KMS says %s, and no request looks that one up",
    async (code) => {
      const { sign, main, west, background } = await startSides();
      await sign();
      await background();
      const looked = west.region.calls.length;
      main.region.trouble = code;
      expect(await sign()).toBe("west");
      expect(west.region.calls.slice(looked)).toEqual(["sign"]);
    },
  );

  test("gets half of the caller's deadline, and the other ring what is left", async () => {
    const { sign, main, background, limits } = await startSides();
    await sign();
    await background();
    main.region.trouble = "hangs";
    main.region.only = ["sign"];
    limits.length = 0;
    const signed = sign(3000);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(limits.map(({ delayMs }) => delayMs)).toEqual([1500]);
    given(limits[0]).onTime();
    expect(await signed).toBe("west");
    // No time has passed on this clock.
    expect(limits.map(({ delayMs }) => delayMs)).toEqual([1500, 3000]);
  });

  test("that failed is not asked by callers until it has signed again, beside them", async () => {
    const { sign, main, pass, background } = await startSides();
    await sign();
    main.region.trouble = "kms_unreachable";
    expect(await sign()).toBe("west");
    const asked = main.region.calls.length;
    // 1 to 5 s; here 3 s.
    pass(2.9);
    expect(await sign()).toBe("west");
    expect(main.region.calls).toHaveLength(asked);
    main.region.trouble = undefined;
    pass(0.2);
    expect(await sign()).toBe("west");
    await background();
    expect(main.region.calls.slice(asked)).toContain("sign");
    expect(await sign()).toBe("main");
  });

  test("that is throttled is passed over for 1 to 5 s, and not asked whether it is back", async () => {
    const { sign, main, pass, background, rings } = await startSides();
    await sign();
    main.region.trouble = "kms_throttled";
    main.region.only = ["sign"];
    expect(await sign()).toBe("west");
    expect(rings.health()[0]).toMatchObject({ ring: "main", state: "throttled", fault: { code: "kms_throttled" } });
    main.region.trouble = undefined;
    pass(2.9);
    const asked = main.region.calls.length;
    expect(await sign()).toBe("west");
    await background();
    expect(main.region.calls.slice(asked)).not.toContain("sign");
    pass(0.2);
    expect(await sign()).toBe("main");
  });

  test("signs no claims for the other ring that the caller has got wrong", async () => {
    const { issuer, main, rings } = await startSides();
    const { code } = await faultOf(issuer.sign({ sub: "someone" }));
    expect(code).toBe("claims_refused");
    expect(main.region.calls).not.toContain("sign");
    expect(rings.health().map(({ fault }) => fault)).toEqual([undefined, undefined]);
  });
});

describe("a ring whose document has run out", () => {
  /** The Region is down for two days, and so is its rotator. */
  async function afterOutage(): Promise<Sides> {
    const sides = await startSides();
    const { main, west, sign, pass, background } = sides;
    await sign();
    main.region.trouble = "kms_unreachable";
    expect(await sign()).toBe("west");
    for (let half = 0; half < 4; half++) {
      pass(DAY / 2);
      await west.world.run();
    }
    await sign();
    await background();
    main.region.trouble = undefined;
    pass(10);
    return sides;
  }

  test("does not sign when its KMS is back, but S + K + 1 after its next document", async () => {
    const { main, sign, pass, background, rings } = await afterOutage();
    expect(await sign()).toBe("west");
    await background();
    expect(await sign()).toBe("west");
    expect(rings.health()).toMatchObject([
      { ring: "main", state: "waiting", fault: undefined },
      { ring: "west", state: "ready" },
    ]);
    await main.world.run();
    for (const [seconds, ring] of [
      [60, "west"],
      [270, "west"],
      [1, "main"],
    ] as const) {
      pass(seconds);
      await sign();
      await background();
      expect(await sign(), `${seconds} s`).toBe(ring);
    }
  });

  test("signs all the same while no other ring can, as a single one does", async () => {
    const { west, sign, background } = await afterOutage();
    await sign();
    await background();
    west.region.trouble = "kms_unreachable";
    expect(await sign()).toBe("main");
  });

  test("stops signing before a token would outlive the document, if its rotator is dead", async () => {
    const { main, west, sign, pass, background } = await startSides(0);
    pass(400);
    await main.world.run();
    for (let half = 0; half < 2; half++) {
      await west.world.run();
      pass(DAY / 2 - 200);
    }
    const { expiresAt } = await main.world.document();
    pass(expiresAt - main.world.now() - 3661);
    await west.world.run();
    await sign();
    await background();
    expect(await sign()).toBe("main");
    pass(1);
    expect(await sign()).toBe("west");
  });
});

describe("a key that not every edge knows", () => {
  test("does not sign for the other ring, unless that one fails", async () => {
    const { main, west, sign, background, rings } = await startSides(0);
    await sign();
    await background();
    // Both rings are new: home signs, as a single ring would.
    expect(await sign()).toBe("main");
    expect(rings.health().map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    main.region.trouble = "kms_unreachable";
    expect(await sign()).toBe("west");
    west.region.trouble = "kms_unreachable";
    main.region.trouble = undefined;
    expect(await sign()).toBe("main");
  });
});

describe("when no ring signs", () => {
  test("the fault names each ring's cause", async () => {
    const { issuer, main, west, sign, rings } = await startSides();
    await sign();
    main.region.trouble = "kms_unreachable";
    west.region.trouble = "kms_access_denied";
    const fault = await faultOf(issuer.sign({ sub: "someone" }, { audience: "api" }));
    expect(fault).toMatchObject({ code: "rings_unavailable", retryable: true, details: {} });
    expect(fault.message).toMatch(/main: kms_unreachable: .* west: kms_access_denied: /);
    expect(rings.health().map(({ state, fault: found }) => [state, found?.code])).toEqual([
      ["failing", "kms_unreachable"],
      ["failing", "kms_access_denied"],
    ]);
  });

  test("they are asked again by the next caller, also after a fault a moment ago", async () => {
    const { main, west, sign } = await startSides();
    await sign();
    for (const { region } of [main, west]) region.trouble = "kms_unreachable";
    await faultOf(sign());
    west.region.trouble = undefined;
    expect(await sign()).toBe("west");
  });
});

test("a check has each ring sign once, and tells what it fails with before it is needed", async () => {
  const { rings, west } = await startSides();
  west.region.trouble = "kms_access_denied";
  west.region.only = ["sign"];
  expect(await rings.check()).toMatchObject([
    { ring: "main", state: "ready" },
    { ring: "west", state: "failing", fault: { code: "kms_access_denied" } },
  ]);
});

test("rings that make no sense are refused at once", async () => {
  const { source } = (await startSides()).main;
  const make = untyped(createRings);
  expect(() => make([])).toThrow(/what createRingSource returns/);
  expect(() => make([{ current: () => {} }])).toThrow(/what createRingSource returns/);
  expect(() => make([source, source])).toThrow(/two have the same name/);
  const both = { issuer: TEST_ISSUER, maxTokenTtlSeconds: 60, ring: source, rings: [source] };
  expect(() => untyped(createIssuer)(both)).toThrow(/either a signer, a ring, or rings/);
});
