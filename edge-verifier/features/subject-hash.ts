/**
 * The feature `subjectHash`: events name their subject by a keyed hash (`LOG_SUBJECT_HASH_KEY`). How is in
 * observe/subject-hash.ts.
 */
import { isAbsent } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { createSubjectHasher, MIN_HASH_KEY_LENGTH } from "../observe/subject-hash.ts";

export const subjectHash: Feature = {
  name: "subjectHash",
  async read({ env, report }) {
    const key = env["LOG_SUBJECT_HASH_KEY"];
    if (isAbsent(key)) return {};
    if (typeof key === "string" && key.length >= MIN_HASH_KEY_LENGTH) {
      return { nameSubject: await createSubjectHasher(key) };
    }
    report("LOG_SUBJECT_HASH_KEY", `must be at least ${MIN_HASH_KEY_LENGTH} characters`);
    return {};
  },
};
