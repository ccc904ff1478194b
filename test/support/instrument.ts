/** Ports whose calls pass through a hook: to let a process die between two calls, or two processes take turns. */
import type { RingPorts } from "../../issuer/key-ring/index.ts";

/** What is done around a call; `run` carries it out. */
export type Around = <Value>(call: string, run: () => Promise<Value>) => Promise<Value>;

/** The same ports, with every call to KMS and to the store's API going through `around`. */
export function instrumentPorts(ports: RingPorts, around: Around): RingPorts {
  return {
    ...ports,
    kms: instrument(ports.kms, around),
    publisher: instrument(ports.publisher, around),
    createRootSigner: (keyArn, alg, clockSkewSeconds) =>
      around("createRootSigner", async () =>
        instrument(await ports.createRootSigner(keyArn, alg, clockSkewSeconds), around),
      ),
  };
}

/** Methods that change something: what is left behind when a process dies differs only by these. */
export const CHANGES: readonly string[] = [
  "createKey",
  "createAlias",
  "tagKey",
  "updateAlias",
  "disableKey",
  "scheduleKeyDeletion",
  "publish",
];

function instrument<Target extends object>(target: Target, around: Around): Target {
  return new Proxy(target, {
    get(inner, name, receiver): unknown {
      const member: unknown = Reflect.get(inner, name, receiver);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): Promise<unknown> =>
        around(String(name), async (): Promise<unknown> => (await Reflect.apply(member, inner, args)) as unknown);
    },
  });
}
