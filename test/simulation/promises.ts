/** The promises that the judges hold a history to, as docs/simulation.md numbers them. */

export type InvariantName =
  | "1 good token refused"
  | "2 revoked key accepted too late"
  | "3 pending key has signed"
  | "4 kid, key or algorithm changed"
  | "5 rev went back"
  | "6 no key can sign"
  | "7 key without an alias"
  | "8 forged token accepted"
  | "9 no token issued"
  | "10 withdrawal not published"
  | "11 revoked key has signed"
  | "12 active moved without a cause"
  // Of histories in which tokens are taken back (`revocations-judge.ts`).
  | "r1 taken-back token accepted too late"
  | "r2 taken-back token accepted again"
  | "r3 good token refused because of the list"
  | "r4 entry ended before its token"
  | "r5 entry lost"
  | "r6 revocation not published"
  | "r7 withdrawal held up"
  | "r8 lists too often"
  | "r9 least rev went back"
  | "r9 rev of a list went back"
  | "unexpected error";
