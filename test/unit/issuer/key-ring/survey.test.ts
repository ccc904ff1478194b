/** Which keys of the account have to be looked at, by a hash over those that were. */
import { expect, test } from "vitest";
import { hashOfKeys, keysToLookAt, parseSurvey, serialiseSurvey } from "../../../../issuer/key-ring/survey.ts";
import { after } from "../../../support/observed-ring.ts";

const KEYS = ["arn:a", "arn:b", "arn:c"];
const SURVEY = { hash: hashOfKeys(KEYS), at: after(0) };

test("none for a day, in any order; then all", () => {
  expect(keysToLookAt(KEYS.toReversed(), SURVEY, after(86_399))).toEqual([]);
  expect(keysToLookAt(KEYS, SURVEY, after(86_400))).toEqual(KEYS);
  expect(keysToLookAt(KEYS, undefined, after(0))).toEqual(KEYS);
});

test("the one that came since; all, if more came or one is gone", () => {
  expect(keysToLookAt([...KEYS, "arn:d"], SURVEY, after(1))).toEqual(["arn:d"]);
  const two = [...KEYS, "arn:d", "arn:e"];
  expect(keysToLookAt(two, SURVEY, after(1))).toEqual(two);
  expect(keysToLookAt(["arn:a", "arn:b"], SURVEY, after(1))).toEqual(["arn:a", "arn:b"]);
  expect(keysToLookAt(["arn:a", "arn:b", "arn:x"], SURVEY, after(1))).toHaveLength(3);
});

test("goes through its text, and no other text is one", () => {
  expect(parseSurvey(serialiseSurvey(SURVEY))).toEqual(SURVEY);
  for (const text of [undefined, "", "x @1", `${SURVEY.hash} @`, `${SURVEY.hash}=@1`])
    expect(parseSurvey(text)).toBeUndefined();
});
