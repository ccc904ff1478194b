/**
 * The feature `assertion`: the gateway proves itself to the origin (`ASSERTION_KEY`). How is in http/assertion.ts.
 */
import { isAbsent } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { createAssertionSigner } from "../http/assertion.ts";

export const assertion: Feature = {
  name: "assertion",
  async read({ env, report, base, clock }) {
    const secret = env["ASSERTION_KEY"];
    if (isAbsent(secret)) return {};
    const signer = await createAssertionSigner(secret, base, clock);
    if (signer.ok) return { attach: (outgoing, identity) => signer.value.attach(outgoing, identity) };
    report("ASSERTION_KEY", signer.error);
    return {};
  },
};
