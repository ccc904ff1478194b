/** What a client is told: one fixed text for each code. */
import { expect, test } from "vitest";
import { isWireCode, problemResponse, PROBLEMS } from "../../../../edge-verifier/http/problem.ts";

test.each(Object.keys(PROBLEMS).filter(isWireCode))(
  "%s is problem+json of RFC 9457, and not to be kept",
  async (code) => {
    const response = problemResponse(code, { Allow: "GET" });
    const { status, title, detail } = PROBLEMS[code];
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("allow")).toBe("GET");
    expect(await response.json()).toEqual({ type: "about:blank", title, status, detail, code });
    expect(detail).toMatch(/^[A-Z].*\.$/);
  },
);

test.each(["constructor", "toString", "token_expired", ""])("%j is no code of the wire", (code) => {
  expect(isWireCode(code)).toBe(false);
});
