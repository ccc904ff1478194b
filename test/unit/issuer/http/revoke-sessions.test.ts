/** Taking sessions back over real HTTP: whichever text a `sid` is, and by the target as it was sent. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sessionOf } from "../../../../issuer/http/revoke.ts";
import { entryKey } from "../../../../issuer/revocations/entry.ts";
import { revocationPrefix } from "../../../../shared/revocations/prefix.ts";
import { seconds, TEST_ISSUER } from "../../../support/key-sets.ts";
import { sendRaw } from "../../../support/raw-http.ts";
import { AUTHORIZED, NOW, SECRET, startRevokingService } from "./revoking-service.ts";
import type { RevokingService } from "./revoking-service.ts";

let service: RevokingService;
beforeAll(async () => {
  service = await startRevokingService();
});
afterAll(() => service.close());
beforeEach(() => service.restart());

function sessionEntry(sid: string): string {
  return entryKey({ kind: "sid", prefix: revocationPrefix("sid", TEST_ISSUER, sid), revokedAt: seconds(NOW) });
}

describe("POST /sessions/<sid>/revoke", () => {
  test.each(["session-17", "a/b", "ä ö?#%", "..", ".", "revoke", "\u{1f511}", "+"])(
    "takes back the session %j",
    async (sid) => {
      // `fetch` would make another URL of dots; what sends them encoded does not.
      const segment = encodeURIComponent(sid).replaceAll(".", "%2E");
      const request = [`POST /sessions/${segment}/revoke HTTP/1.1`, "Host: localhost", "Connection: close"];
      const lines = [...request, `Authorization: Bearer ${SECRET}`, "Content-Length: 0", "", ""];
      expect((await sendRaw(Number(new URL(service.url()).port), lines.join("\r\n"))).status).toBe(200);
      expect(await service.entries()).toEqual([sessionEntry(sid)]);
      expect(service.log).toMatchObject([{ status: 200, entry: sessionEntry(sid), stored: [service.table()] }]);
      expect(service.log[0]?.jti).toBeUndefined();
    },
  );

  test("in a loop makes one entry a minute", async () => {
    for (let count = 0; count < 20; count += 1) await service.post("/sessions/s/revoke");
    expect(await service.entries()).toHaveLength(1);
  });

  test.each([
    ["/sessions//revoke", 400],
    ["/sessions/%ZZ/revoke", 400],
    ["/sessions/%FF/revoke", 400],
    ["/sessions/%C3/revoke", 400],
    [`/sessions/${"x".repeat(16_000)}x`, 404],
    ["/sessions/a/b/revoke", 404],
    ["/sessions/a", 404],
    ["/sessions/a/revoke/", 404],
    ["/sessions", 404],
  ])("%s is %i", async (path, status) => {
    expect((await service.post(path)).status).toBe(status);
    expect(await service.entries()).toEqual([]);
  });

  test("without the secret is 401; by another method 405", async () => {
    expect((await service.post("/sessions/s/revoke", undefined, {})).status).toBe(401);
    expect((await fetch(`${service.url()}/sessions/s/revoke`, { headers: AUTHORIZED })).status).toBe(405);
    expect(await service.entries()).toEqual([]);
  });
});

test.each([
  ["/sessions/a%20b/revoke?x=/revoke", { ok: true, value: "a b" }],
  ["/sessions/%2E%2E/revoke", { ok: true, value: ".." }],
  ["/sessions/a?/revoke", undefined],
  ["http://localhost/sessions/a/revoke", undefined],
  // Read as Latin-1 by the server: whose session that would be is not known.
  ["/sessions/\u00c3\u00a4/revoke", { ok: false, error: "invalid" }],
])("the target %j is about %j", (target, sid) => {
  expect(sessionOf(target)).toEqual(sid);
});
