/** Which headers are unwanted, by name alone: the platform removes some of them itself, and must not be relied on. */
import { describe, expect, test } from "vitest";
import { isIdentityHeaderName, removedNames, unwantedHeaders } from "../../../../edge-verifier/http/request-headers.ts";

const unwanted = (headers: Record<string, string>, keepAuthorization = true): readonly string[] =>
  unwantedHeaders(new Headers(headers), removedNames([{ name: "x-user-id" }]), keepAuthorization);

describe("unwanted", () => {
  test.each([
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "x-sealgate-subject",
    "x_sealgate_subject",
    "x.sealgate.subject",
    "x~sealgate|subject",
    "x_forwarded_host",
    "x_http_method_override",
    "x-http-method",
    "x.http.method",
    "X_Method_Override",
    "x-original-method",
    "x-original-uri",
    "X_Original_URL",
    "x-rewrite-url",
    "proxy",
    "Forwarded",
    "x-forwarded",
    "X.Forwarded.For",
    "true_client_ip",
    "client-ip",
    "X_Client_IP",
    "x-cluster-client-ip",
    "x-real-ip",
    "X_Host",
    "x-original-host",
    "x-request-id",
    "x-user-id",
    "X_User_Id",
    "x.user.id",
    "CF_Connecting_IP",
    "cf.ray",
    "Cf-Access-Jwt-Assertion",
    "cf-access-authenticated-user-email",
    "CF_Access_Client_Id",
    "CDN_Loop",
    "Sec_Fetch_Site",
    "content_length",
    "Content.Type",
    "Accept_Encoding",
    "if_match",
  ])("%s", (name) => {
    expect(unwanted({ [name]: "1" })).toContain(name.toLowerCase());
  });

  test("what Connection names, except what frames and addresses the message", () => {
    const names = unwanted({ connection: "close, X-Hop , content-length,host, bad name,", "x-hop": "1" });
    expect(names).toEqual(["connection", "close", "x-hop"]);
  });

  test("of a list longer than names are, what stands in its first 1024 characters", () => {
    const names = unwanted({ connection: `x-hop,${"a,".repeat(8000)}x-late` });
    expect(names).toContain("x-hop");
    expect(names).not.toContain("x-late");
    expect(names.length).toBeLessThan(600);
  });

  test("any upgrade but a WebSocket", () => {
    expect(unwanted({ upgrade: "h2c" })).toEqual(["upgrade"]);
    expect(unwanted({ upgrade: "websocket, h2c" })).toEqual(["upgrade"]);
    expect(unwanted({ upgrade: "WebSocket" })).toEqual([]);
  });

  test("the token, if it is to stay here", () => {
    expect(unwanted({ authorization: "Bearer x" })).toEqual([]);
    expect(unwanted({ authorization: "Bearer x" }, false)).toEqual(["authorization"]);
  });
});

describe("a header that speaks for the caller", () => {
  test.each(["x-user-id", "remote-user", "x-sealgate-tenant", "x2", "cf-access-authenticated-user-email"])(
    "may be %s",
    (name) => {
      expect(isIdentityHeaderName(name)).toBe(true);
    },
  );

  test.each([
    "",
    "X-User",
    "x_user",
    "x user",
    "-x",
    "x--y",
    "authorization",
    "cookie",
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "accept-encoding",
    "expect",
    "origin",
    "range",
    "referer",
    "upgrade",
    "transfer-encoding",
    "forwarded",
    "x-forwarded-user",
    "x-http-method-override",
    "sec-websocket-protocol",
    "cf-connecting-ip",
    "if-match",
    "x".repeat(65),
  ])("may not be %j", (name) => {
    expect(isIdentityHeaderName(name)).toBe(false);
  });
});

describe("wanted", () => {
  test("everything else, under names that only look alike too", () => {
    const headers = { accept: "*/*", "x-sealgat": "1", "xx-sealgate-subject": "1", "x-forwarde": "1", cookie: "a=1" };
    const platform = {
      "cf-connecting-ip": "203.0.113.7",
      "cf-ray": "1",
      "content-type": "text/plain",
      "if-match": "1",
      x_custom: "1",
    };
    expect(unwanted(platform)).toEqual([]);
    expect(unwanted(headers)).toEqual([]);
  });
});

test("a name is judged the same the first time, the second time, and after more names than are remembered", () => {
  const isRemoved = removedNames([{ name: "x-user-id" }]);
  const judge = (): readonly boolean[] =>
    ["x_user_id", "x-sealgate-new", "accept", `x-forwarded-${"y".repeat(80)}`].map((name) => isRemoved(name));
  const before = judge();
  expect(before).toEqual([true, true, false, true]);
  for (let index = 0; index < 1000; index += 1) {
    expect(isRemoved(`x-filler-${String(index)}`)).toBe(false);
    expect(isRemoved(`x_forwarded_${String(index)}`)).toBe(true);
  }
  expect(judge()).toEqual(before);
});
