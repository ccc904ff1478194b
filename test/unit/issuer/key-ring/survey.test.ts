/** Which keys of the account have to be looked at, by a hash over those that were. */
import { expect, test } from "vitest";
import {
  hashOfKeys,
  keysToLookAt,
  notReadOfLate,
  parseSurvey,
  serialiseSurvey,
  surveyToNote,
} from "../../../../issuer/key-ring/survey.ts";
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

test("a process reads a key that has been the ring's each time, another once an hour, or once a run if a number is needed", () => {
  const known = { foreignKeys: new Map(KEYS.map((arn) => [arn, after(0)] as const)), ownKeys: new Set(["arn:c"]) };
  const read = (isNumberNeeded: boolean, elapsed: number): readonly string[] =>
    notReadOfLate([...KEYS, "arn:d"], known, isNumberNeeded, after(elapsed));
  expect(read(false, 3599)).toEqual(["arn:c", "arn:d"]);
  expect(read(true, 59)).toEqual(["arn:c", "arn:d"]);
  for (const all of [read(false, 3600), read(true, 60)]) expect(all).toEqual([...KEYS, "arn:d"]);
});

test("is noted anew when keys have come or gone, also when none is left, and after a day", () => {
  const note = (foreign: readonly string[], elapsed: number): unknown =>
    surveyToNote(foreign, after(elapsed), SURVEY, after(elapsed));
  expect(note(KEYS, 86_399)).toBeUndefined();
  expect(note(KEYS, 86_400)).toEqual({ ...SURVEY, at: after(86_400) });
  for (const foreign of [["arn:a"], []]) expect(note(foreign, 5)).toEqual({ hash: hashOfKeys(foreign), at: after(5) });
  expect(surveyToNote([], after(5), undefined, after(5))).toBeUndefined();
  expect(surveyToNote(KEYS, after(0), undefined, after(5))).toEqual(SURVEY);
});

test("goes through its text, and no other text is one", () => {
  expect(parseSurvey(serialiseSurvey(SURVEY))).toEqual(SURVEY);
  for (const text of [undefined, "", "x @1", `${SURVEY.hash} @`, `${SURVEY.hash}=@1`])
    expect(parseSurvey(text)).toBeUndefined();
});
