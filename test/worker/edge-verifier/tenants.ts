/** An app whose middleware takes options from each request, as the tests of the middleware and of its verifications ask it. */
import { Hono } from "hono";
import { afterEach, beforeEach, vi } from "vitest";
import { sealgate } from "../../../edge-verifier/index.ts";
import type { SealgateOptions } from "../../../edge-verifier/index.ts";
import { NOW } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

export const clock = (): number => NOW * 1000;

/** `/<tenant>/me`, with the middleware in front. */
export function tenants(options: SealgateOptions) {
  return new Hono()
    .use("/:tenant/*", sealgate({ clock, ...options }))
    .get("/:tenant/me", (c) => c.json({ sub: c.get("jwtPayload")?.sub }));
}

export interface App {
  request(path: string, init: RequestInit, bindings: object): Response | Promise<Response>;
}

/** The status that an app answers a token with. */
export async function statusAt(app: App, path: string, token: string | undefined, bindings: object): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await app.request(path, { headers }, bindings)).status;
}

export const ringOf = (one: Fixture): string => String(one.env["RING"]);

/** Collects what each test logs as a problem. */
export function collectProblems(): { readonly lines: string[] } {
  const collected = { lines: [] as string[] };
  beforeEach(() => {
    collected.lines = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => collected.lines.push(line));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return collected;
}
