/** KMS of a Region that can be switched off: what the port says then, without the SDK's own attempts. */
import { SealgateError } from "../../issuer/errors.ts";
import type { FaultCode } from "../../issuer/errors.ts";
import type { Kms, KmsSignRequest } from "../../issuer/kms/port.ts";

export interface Region {
  /** The port, as long as the Region answers. */
  readonly kms: Kms;
  /** Undefined: it answers. "hangs": no call ever ends. A code: every call fails so. */
  trouble: FaultCode | "hangs" | undefined;
  /** Only of these operations; of all, if undefined. */
  only: readonly (keyof Kms)[] | undefined;
  /** Calls so far, with their outcome left aside. */
  readonly calls: (keyof Kms)[];
}

export function createRegion(behind: Kms): Region {
  const region: Region = { kms: behind, trouble: undefined, only: undefined, calls: [] };
  const through =
    <Args extends readonly unknown[], Value>(name: keyof Kms, call: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      region.calls.push(name);
      const { trouble, only } = region;
      if (trouble === undefined || only?.includes(name) === false) return call(...args);
      if (trouble === "hangs") return new Promise(() => {});
      throw new SealgateError(trouble, `KMS ${name}: switched off by the test`, { retryable: true });
    };
  return Object.assign(region, {
    kms: {
      ...behind,
      describeKey: through("describeKey", (keyId: string) => behind.describeKey(keyId)),
      getPublicKey: through("getPublicKey", (keyId: string) => behind.getPublicKey(keyId)),
      listTags: through("listTags", (keyId: string) => behind.listTags(keyId)),
      sign: through("sign", (request: KmsSignRequest) => behind.sign(request)),
    },
  });
}
