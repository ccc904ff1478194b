/** Who may read the console: names, origins, methods, the one-time token and the cookie that it is exchanged for. */
import { describe, expect, test } from "vitest";
import { createGuard } from "../../../../issuer/console/guard.ts";
import type { Guard } from "../../../../issuer/console/guard.ts";

const HOST = "127.0.0.1:4000";

function ask(guard: Guard, path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): unknown {
  return guard.admit(new Request(`http://${HOST}${path}`, { method, headers: { host: HOST, ...headers } }));
}

/** A guard whose token was used, and the cookie that it was exchanged for. */
function open(): { readonly guard: Guard; readonly cookie: string } {
  const guard = createGuard();
  const answer = ask(guard, `/?token=${guard.token}`) as { readonly setCookie: string };
  return { guard, cookie: answer.setCookie.split(";")[0] ?? "" };
}

const REFUSED = expect.objectContaining({ status: 403 });
const ADMITTED = { setCookie: undefined };

describe("the one-time token", () => {
  test("is exchanged for a cookie that scripts and other sites do not get", () => {
    const guard = createGuard();
    expect(ask(guard, `/?token=${guard.token}`)).toEqual({
      setCookie: expect.stringMatching(/^sealgate-console-4000=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    });
    expect(guard.token).toMatch(/^[\w-]{43}$/);
  });

  test("works once, and not as the cookie", () => {
    const { guard } = open();
    expect(ask(guard, `/?token=${guard.token}`)).toEqual(REFUSED);
    expect(ask(guard, "/", { cookie: `sealgate-console-4000=${guard.token}` })).toEqual(REFUSED);
  });

  test.each(["/", "/?token=", "/?token=wrong", "/ring"])("is missed in %s", (path) => {
    expect(ask(createGuard(), path)).toEqual(REFUSED);
  });

  test("opens the page only", () => {
    const guard = createGuard();
    expect(ask(guard, `/ring?token=${guard.token}`)).toEqual(REFUSED);
  });

  test("is not used up by a request that is refused for another reason", () => {
    const guard = createGuard();
    const path = `/?token=${guard.token}`;
    expect(ask(guard, path, { host: "evil.example" })).toEqual(REFUSED);
    expect(ask(guard, path, {}, "POST")).toMatchObject({ status: 405 });
    expect(ask(guard, path, { origin: "https://evil.example" })).toEqual(REFUSED);
    expect(ask(guard, path)).toMatchObject({ setCookie: expect.any(String) });
  });
});

describe("with the cookie", () => {
  test("the page and its parts are read", () => {
    const { guard, cookie } = open();
    for (const path of ["/", "/ring", "/page.js"]) {
      expect(ask(guard, path, { cookie: `other=1; ${cookie}`, "sec-fetch-site": "same-origin" })).toEqual(ADMITTED);
    }
    expect(ask(guard, "/ring", { cookie, origin: `http://${HOST}` })).toEqual(ADMITTED);
  });

  test.each(["localhost:4000", "[::1]:4000"])("%s is a name of this machine", (host) => {
    const { guard, cookie } = open();
    expect(ask(guard, "/", { cookie, host })).toEqual(ADMITTED);
  });

  test.each(["evil.example:4000", "127.0.0.1.evil.example", "localhost.evil.example:4000", "127.0.0.2:4000", ""])(
    "the name %j is refused",
    (host) => {
      const { guard, cookie } = open();
      expect(ask(guard, "/", { cookie, host })).toEqual(REFUSED);
    },
  );

  test.each(["https://evil.example", "http://127.0.0.1:3000", "https://127.0.0.1:4000", "null"])(
    "the origin %s is refused",
    (origin) => {
      const { guard, cookie } = open();
      expect(ask(guard, "/ring", { cookie, origin })).toEqual(REFUSED);
    },
  );

  test.each(["cross-site", "same-site"])("a request that the browser calls %s is refused", (site) => {
    const { guard, cookie } = open();
    expect(ask(guard, "/ring", { cookie, "sec-fetch-site": site })).toEqual(REFUSED);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is 405", (method) => {
    const { guard, cookie } = open();
    expect(ask(guard, "/", { cookie }, method)).toMatchObject({ status: 405 });
  });
});

test("each console has secrets of its own", () => {
  const [one, other] = [open(), open()];
  expect(one.guard.token).not.toBe(other.guard.token);
  expect(ask(other.guard, "/", { cookie: one.cookie })).toEqual(REFUSED);
});
