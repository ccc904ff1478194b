/** Whose rights are enough for what. The trials themselves, against the embedded KMS, are in online.test.ts. */
import { describe, expect, test } from "vitest";
import { rightsRow } from "../../../../../issuer/cli/check/rights.ts";
import type { Role, Trial } from "../../../../../issuer/cli/check/rights.ts";
import { SealgateError } from "../../../../../issuer/errors.ts";
import type { FaultCode } from "../../../../../issuer/errors.ts";

const CALLER = { accessKeyId: "AKIDEXAMPLE", region: "eu-central-1" };

const BOTH: readonly Role[] = ["signer", "rotator"];

function trials(faults: Readonly<Record<string, FaultCode>> = {}): readonly Trial[] {
  const all: readonly (readonly [string, readonly Role[]])[] = [
    ["kms:ListAliases", ["rotator"]],
    ["kms:Sign on alias/sealgate/main/active", BOTH],
    ["kms:Verify on alias/sealgate/main/active", []],
    ["kms:Sign on alias/sealgate/main/root", ["rotator"]],
  ];
  return all.map(([what, neededBy]) => {
    const code = faults[what];
    return { what, neededBy, fault: code === undefined ? undefined : new SealgateError(code, `${code} happened.`) };
  });
}

describe("rightsRow", () => {
  test("no role needs kms:Verify, and its refusal is told", () => {
    const row = rightsRow(
      trials({ "kms:Verify on alias/sealgate/main/active": "kms_access_denied" }),
      CALLER,
      undefined,
    );
    expect(row).toMatchObject({ status: "ok", message: expect.stringContaining("Denied: kms:Verify on") as unknown });
  });

  test("a signer may be kept from the root key", () => {
    const row = rightsRow(trials({ "kms:Sign on alias/sealgate/main/root": "kms_access_denied" }), CALLER, "signer");
    expect(row).toMatchObject({ status: "ok", message: expect.stringContaining("the rights of a signer.") as unknown });
  });

  test("a key that does not exist says nothing about rights", () => {
    const faults = {
      "kms:Sign on alias/sealgate/main/active": "kms_key_not_found",
      "kms:Sign on alias/sealgate/main/root": "kms_key_not_found",
    } as const;
    expect(rightsRow(trials(faults), CALLER, undefined).status).toBe("skipped");
  });

  test("a KMS that cannot be reached is wrong, also when rights were denied", () => {
    const row = rightsRow(trials({ "kms:ListAliases": "kms_unreachable" }), CALLER, undefined);
    expect(row).toMatchObject({
      status: "wrong",
      message: expect.stringContaining("kms_unreachable happened.") as unknown,
    });
  });
});
