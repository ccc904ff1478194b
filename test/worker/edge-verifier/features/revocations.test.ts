/** The feature `revocations` in a gateway, with the real KV: who is refused, what is 503, and what an attacker with KV can do. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import type { RevocationEntry } from "../../../../shared/revocations/sections.ts";
import type { RevocationListHead } from "../../../../shared/revocations/signed-list.ts";
import { makeDocument, makeRoot, ringName, seconds } from "../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../support/revocations.ts";
import { makeFixture, NOW } from "../fixture.ts";
import type { Fixture, FixtureOptions } from "../fixture.ts";

let fixture: Fixture;

const ringOf = ({ env: { RING } }: Fixture): string => String(RING);
const kvKey = (): string => `revocations:${ringOf(fixture)}`;

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await makeFixture({ ...options, vars: { REVOCATIONS: "required", ...options.vars } });
}

/** Publishes a list; its rev is its time. */
async function publish(
  entries: readonly RevocationEntry[],
  issuedAt: number = NOW,
  changes: Partial<RevocationListHead> = {},
): Promise<string> {
  const text = await signRevocations(entries, seconds(issuedAt), fixture.root, {
    ring: ringName(ringOf(fixture)),
    ...changes,
  });
  await env.KEY_SETS.put(kvKey(), text);
  return text;
}

async function statusAs(claims: Readonly<Record<string, string | number | undefined>> = {}): Promise<number> {
  return (await fixture.sendAs(claims, "/api/x")).status;
}

/** Past M, so that each request asks KV. */
let now: number = NOW;
function later(seconds = 61): void {
  now += seconds;
  fixture.setNow(now);
}

beforeEach(async () => {
  now = NOW;
  await start();
});

describe("a token", () => {
  test("that no list names passes, and one that is named is refused, remembered or not, within M", async () => {
    await publish([]);
    expect(await statusAs({ jti: "stolen" })).toBe(200);
    expect(await statusAs({ jti: "stolen" })).toBe(200);
    await publish([takenBack("jti", "stolen")], NOW + 1);
    expect(await statusAs({ jti: "stolen" })).toBe(200);
    later();
    const refused = await fixture.sendAs({ jti: "stolen" }, "/api/x");
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "invalid_token" });
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "token_revoked", by: "jti" });
    expect(await statusAs({ jti: "neighbour" })).toBe(200);
  });

  test("is refused with its session, and with its subject up to the cut", async () => {
    await publish([takenBack("sid", "s-1"), takenBack("sub", "user-1", NOW)]);
    expect(await statusAs({ sub: "user-2", sid: "s-1" })).toBe(401);
    expect(await statusAs({ sub: "user-1", iat: NOW - 1 })).toBe(401);
    expect(await statusAs({ sub: "user-1", iat: NOW })).toBe(200);
    expect(await statusAs({ sub: "user-2", sid: "s-2" })).toBe(200);
  });

  test.each(["jti", "iat"])("without %s is refused, because it could not be taken back", async (claim) => {
    await publish([]);
    expect(await statusAs({ [claim]: undefined })).toBe(401);
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "claim_missing", claim });
  });

  test("on a rule that is open to anyone is not looked at, and needs no list", async () => {
    expect((await fixture.send("/public/x")).status).toBe(200);
  });
});

describe("without a list", () => {
  test("a good token is answered 503 with a code of its own, and a bad one 401", async () => {
    const refused = await fixture.sendAs({}, "/api/x");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: "revocations_unavailable" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ problem: "revocations_missing" });
    const forged = `${(await fixture.token()).slice(0, -4)}AAAA`;
    expect((await fixture.send("/api/x", { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
    expect(fixture.originCalls()).toBe(0);
  });

  test("that has expired the same, also for a token that is remembered", async () => {
    await publish([], NOW, { expiresAt: seconds(NOW + 100) });
    expect(await statusAs()).toBe(200);
    later(99);
    expect(await statusAs()).toBe(200);
    later(1);
    expect(await statusAs()).toBe(503);
    await publish([], now);
    later(6);
    expect(await statusAs()).toBe(200);
  });
});

describe("an attacker who can write KV", () => {
  test("cannot drop, cut or forge the list of an isolate that holds one", async () => {
    const text = await publish([takenBack("jti", "stolen")]);
    expect(await statusAs({ jti: "stolen" })).toBe(401);
    const stranger = await makeRoot();
    const forged = await signRevocations([], seconds(NOW + 5), stranger, { ring: ringName(ringOf(fixture)) });
    const [line = ""] = text.split("\n");
    for (const value of [
      undefined,
      "",
      `${line}\n`,
      text.slice(0, -4),
      forged,
      `${line}\n${forged.split("\n")[1] ?? ""}`,
    ]) {
      await (value === undefined ? env.KEY_SETS.delete(kvKey()) : env.KEY_SETS.put(kvKey(), value));
      later();
      expect(await statusAs({ jti: "stolen" })).toBe(401);
      // What is held goes on until its exp.
      expect(await statusAs({ jti: "good" })).toBe(200);
    }
  });

  test("cannot put an older list back", async () => {
    const older = await publish([]);
    await publish([takenBack("jti", "stolen")], NOW + 1);
    expect(await statusAs({ jti: "stolen" })).toBe(401);
    await env.KEY_SETS.put(kvKey(), older);
    later();
    expect(await statusAs({ jti: "stolen" })).toBe(401);
  });

  test("cannot give an isolate that starts new a list below the key set's least rev", async () => {
    await publish([], NOW - 5);
    const document = makeDocument([fixture.key], seconds(NOW - 10), { revocations: { leastRev: NOW } });
    await fixture.publish(document);
    expect(await statusAs({ jti: "stolen" })).toBe(503);
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ problem: "revocations_rev_too_low" });
    await publish([takenBack("jti", "stolen")], NOW);
    later(6);
    expect(await statusAs({ jti: "stolen" })).toBe(401);
    expect(await statusAs({ jti: "good" })).toBe(200);
  });

  test("cannot pass off another ring's list", async () => {
    await publish([], NOW, { ring: ringName("another") });
    expect(await statusAs()).toBe(503);
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ problem: "revocations_wrong_ring" });
  });
});

describe("the health endpoint", () => {
  const health = async (): Promise<Response> => fixture.send("/.well-known/sealgate/health");

  test("shows the list beside the key set, and names no subject", async () => {
    await publish([takenBack("sub", "user-1", NOW)]);
    const response = await health();
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      status: "ok",
      rings: [{ status: "ok", revocations: { source: "memory", rev: NOW, counts: { jti: 0, sid: 0, sub: 1 } } }],
    });
    expect(text).not.toContain("user-1");
  });

  test("is 503 while the keys are there and the list is not, and degraded while KV does not confirm it", async () => {
    const without = await health();
    expect(without.status).toBe(503);
    expect(await without.json()).toMatchObject({
      status: "unavailable",
      rings: [{ revocations: { problem: "revocations_missing" } }],
    });
    await publish([]);
    later(6);
    expect((await health()).status).toBe(200);
    await env.KEY_SETS.put(kvKey(), "garbage");
    later();
    const degraded = await health();
    expect(degraded.status).toBe(200);
    expect(await degraded.json()).toMatchObject({
      status: "degraded",
      rings: [{ revocations: { source: "last_good" } }],
    });
  });

  test("warns where the ring publishes a list that is not checked", async () => {
    fixture = await makeFixture();
    await fixture.publish(makeDocument([fixture.key], seconds(NOW - 10), { revocations: { leastRev: 1 } }));
    expect(await (await health()).json()).toMatchObject({
      rings: [{ warnings: [{ code: "revocations_not_checked" }] }],
    });
    await start();
    await fixture.publish(makeDocument([fixture.key], seconds(NOW - 10), { revocations: { leastRev: 1 } }));
    await publish([]);
    expect(await (await health()).json()).toMatchObject({ rings: [{ warnings: [] }] });
  });
});

describe("the endpoint of the list", () => {
  const PATH = "/.well-known/sealgate/revocations";

  test("is not there unless it is asked for", async () => {
    await publish([]);
    expect((await fixture.send(PATH)).status).toBe(404);
  });

  test("hands the list on as it is held, with its age and a tag", async () => {
    await start({ vars: { REVOCATIONS_ENDPOINT: "public" } });
    const text = await publish([takenBack("jti", "one")]);
    for (const path of [PATH, `${PATH}/${ringOf(fixture)}`]) {
      const response = await fixture.send(path);
      expect(await response.text()).toBe(text);
      expect(response.headers.get("age")).toBe("0");
      expect(response.headers.get("cache-control")).toBe("no-cache");
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      const etag = response.headers.get("etag") ?? "";
      expect(etag).toBe(`"${text.split("\n")[0]?.split(".")[2] ?? ""}"`);
      expect((await fixture.send(path, { headers: { "if-none-match": etag } })).status).toBe(304);
    }
    expect((await fixture.send(PATH, { method: "POST" })).status).toBe(405);
    expect((await fixture.send(`${PATH}/another`)).status).toBe(404);
  });

  test("is 503 without a list", async () => {
    await start({ vars: { REVOCATIONS_ENDPOINT: "public" } });
    expect((await fixture.send(PATH)).status).toBe(503);
  });
});

describe("a configuration", () => {
  test.each([
    [{ REVOCATIONS: "on" }, "REVOCATIONS"],
    [{ REVOCATIONS: "required", REVOCATIONS_ENDPOINT: "yes" }, "REVOCATIONS_ENDPOINT"],
    [{ REVOCATIONS_ENDPOINT: "public" }, "REVOCATIONS_ENDPOINT"],
  ])("with %j is a problem", async (vars, variable) => {
    fixture = await makeFixture({ vars });
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ code: "config_invalid", problems: [{ variable }] });
  });

  test("without the feature in the list is a problem: nothing is left out silently", async () => {
    await start({ features: [] });
    expect(await statusAs()).toBe(500);
  });

  test.each([[{ endWithToken: false }], [{ endWithToken: "yes" }]])(
    "with the rule's %j is a problem",
    async (members) => {
      // As a policy in JavaScript may say it.
      const routes = JSON.parse(JSON.stringify([{ path: "/api/*", require: {}, ...members }])) as RoutePolicy;
      await start({ routes });
      expect(await statusAs()).toBe(500);
      expect(fixture.events.at(-1)?.refusal).toMatchObject({ problems: [{ variable: "routes[0]" }] });
    },
  );
});
