/** The origin's check as a program in JavaScript may call it: a rule or a time that is left out is refused. */
import { describe, expect, test } from "vitest";
import {
  ASSERTION_HEADER,
  createAssertionKey,
  createAssertionVerifier,
  createReplayMemory,
} from "../../../shared/origin.ts";
import type { AssertedRequest, AssertionRules } from "../../../shared/origin.ts";
import { createAssertionSigner } from "../../../edge-verifier/features/assertion.ts";
import { NOW } from "../../support/claims-samples.ts";
import { changed, NO_TIMES, untyped } from "../../support/untyped.ts";
import { valueOf } from "../../support/values.ts";

describe("createAssertionVerifier", () => {
  const AUDIENCE = "https://origin.example.com";
  const check = untyped(createAssertionVerifier);

  async function signed(): Promise<{ rules: AssertionRules; request: AssertedRequest }> {
    const { privateJwk, publicJwk } = await createAssertionKey();
    const signer = valueOf(await createAssertionSigner(JSON.stringify(privateJwk), () => NOW * 1000));
    const request = new Request(`${AUDIENCE}/x`);
    await signer.attach(request, AUDIENCE, []);
    const assertion = request.headers.get(ASSERTION_HEADER);
    const rules = { keys: [publicJwk], audience: AUDIENCE, clockSkewSeconds: 5, replay: createReplayMemory(10) };
    return { rules, request: { method: "GET", target: "/x", assertion } };
  }

  test.each(NO_TIMES)("whose verify is called with %s as now refuses, also the second use", async (now) => {
    const { rules, request } = await signed();
    const verifier = await createAssertionVerifier(rules);
    const use = untyped(verifier.verify.bind(verifier));
    await expect(use(request, now)).rejects.toThrow("now must be epoch seconds");
    await expect(use(request, now)).rejects.toThrow("now must be epoch seconds");
  });

  test.each([
    ["clockSkewSeconds", undefined],
    ["replay", undefined],
    ["replay", "accept"],
    ["replay", {}],
    ["audience", undefined],
    ["keys", undefined],
    ["keys", []],
    ["maxAge", 5],
  ])("with rules whose %s is %j refuses", async (member, value) => {
    const { rules } = await signed();
    await expect(check(changed(rules, member, value))).rejects.toThrow(TypeError);
  });

  test("a replay memory is asked with numbers only", () => {
    const memory = createReplayMemory(10);
    const use = untyped(memory.use.bind(memory));
    expect(use("a", NOW + 60, NOW)).toBe("first");
    expect(() => use("a", NOW + 60)).toThrow(TypeError);
    expect(() => use("b", undefined, NOW)).toThrow(TypeError);
    expect(use("a", NOW + 60, NOW)).toBe("again");
  });
});
