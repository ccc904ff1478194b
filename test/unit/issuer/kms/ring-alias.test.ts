/** Which aliases no fixed signer may be given, by name or by ARN, and that every other key may. */
import { describe, expect, test } from "vitest";
import { ringAlias } from "../../../../issuer/key-ring/names.ts";
import { ringAliasProblem } from "../../../../issuer/kms/ring-alias.ts";
import { ringName } from "../../../support/key-sets.ts";

const problemOf = (keyId: string): string | undefined => ringAliasProblem(keyId, (ring) => `Use the ring ${ring}.`);

describe.each([
  ["by name", ""],
  ["by ARN", "arn:aws:kms:eu-central-1:111122223333:"],
  ["by an ARN of another partition", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:"],
])("%s", (_how, prefix) => {
  test.each(["main", "a", "eu-2", "x".repeat(63)])(
    "the active key of the ring %s is refused, with its ring",
    (ring) => {
      const problem = problemOf(prefix + ringAlias(ringName(ring), { role: "active" }));
      expect(problem).toMatch(/^must not be the alias of a ring's active key, /);
      expect(problem).toContain(`Use the ring ${ring}.`);
    },
  );

  test.each([{ role: "root" }, { role: "numbered_root", number: 2 }, { role: "numbered_root", number: 17 }] as const)(
    "a root key is refused, because edges refuse its tokens: %j",
    (root) => {
      const problem = problemOf(prefix + ringAlias(ringName("main"), root));
      expect(problem).toMatch(/^must not name the root key of a ring: it signs key sets, /);
    },
  );

  test.each([
    "alias/orders",
    "alias/sealgate/main",
    "alias/sealgate/main/key-1",
    "alias/sealgate/main/actives",
    "alias/sealgate/main/active/x",
    "alias/sealgate/main/root-",
    "alias/sealgate//active",
    `alias/sealgate/${"x".repeat(64)}/active`,
    "alias/sealgate/a/b/active",
    "alias/Sealgate/main/active",
    "key/1234abcd-12ab-34cd-56ef-1234567890ab",
    " alias/sealgate/main/active",
    "alias/sealgate/main/active\n",
  ])("%j is any key", (keyId) => {
    expect(problemOf(prefix + keyId)).toBeUndefined();
  });
});

test("an alias behind something that is no ARN of KMS is any key", () => {
  for (const prefix of ["x", "arn:aws:sns:eu-central-1:111122223333:", "arn:aws:kms:eu-central-1:"]) {
    expect(problemOf(`${prefix}alias/sealgate/main/active`)).toBeUndefined();
  }
});
