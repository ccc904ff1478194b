/** The model of a table does what every revocation store must do. */
import { describeRevocationStoreContract } from "../support/revocation-store-contract.ts";
import { createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { CALM, createHost } from "./host.ts";
import type { RevocationStore } from "./ports.ts";
import { createRng } from "./rng.ts";
import { createTableModel } from "./table-model.ts";

describeRevocationStoreContract("the simulation's model", async () => {
  const [clock, rng, coverage] = [createWorldClock(), createRng("contract"), createCoverage()];
  const host = createHost({ clock, rng, coverage, adversity: () => CALM, onCrash: () => {} });
  const stores = new Map<string, RevocationStore>();
  /** A model holds the entries of one issuer. */
  const storeOf = (issuer: string): RevocationStore => {
    const made = stores.get(issuer) ?? createTableModel("table", { clock, rng, coverage }).store(host, () => CALM);
    stores.set(issuer, made);
    return made;
  };
  const store: RevocationStore = {
    table: "table",
    add: (issuer, ...rest) => storeOf(issuer).add(issuer, ...rest),
    readCounts: (issuer) => storeOf(issuer).readCounts(issuer),
    load: (issuer, since) => storeOf(issuer).load(issuer, since),
    takeRev: (issuer, propose) => storeOf(issuer).takeRev(issuer, propose),
    readNote: (issuer, ring) => storeOf(issuer).readNote(issuer, ring),
    writeNote: (issuer, ring, note) => storeOf(issuer).writeNote(issuer, ring, note),
  };
  return { store, close: async () => {} };
});
