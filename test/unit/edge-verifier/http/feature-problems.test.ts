/** What a client is told, by every gateway and by optional features: one fixed text for each code. */
import { expect, test } from "vitest";
import { ALL_PROBLEMS } from "../../../../edge-verifier/http/feature-problems.ts";
import { problemResponse } from "../../../../edge-verifier/http/problem.ts";
import type { WireCode } from "../../../../edge-verifier/http/problem.ts";

const isCode = (code: string): code is WireCode => Object.hasOwn(ALL_PROBLEMS, code);

test.each(Object.keys(ALL_PROBLEMS).filter(isCode))(
  "%s is problem+json of RFC 9457, and not to be kept",
  async (code) => {
    const response = problemResponse(code, ALL_PROBLEMS[code], { Allow: "GET" });
    const { status, title, detail } = ALL_PROBLEMS[code];
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("allow")).toBe("GET");
    expect(await response.json()).toEqual({ type: "about:blank", title, status, detail, code });
    expect(detail).toMatch(/^[A-Z].*\.$/);
  },
);
