/** The contract of key set readers, on a real KV namespace and on a document at hand. */
import { env } from "cloudflare:workers";
import { fromDocument, fromKv } from "../../../shared/key-sets.ts";
import { describeKeySetReaderContract } from "../../support/key-set-reader-contract.ts";

describeKeySetReaderContract("a KV namespace", {
  async holding(ring, text) {
    await env.KEY_SETS.put(`key-set:${ring}`, text);
    return fromKv(env.KEY_SETS);
  },
  async empty() {
    await env.KEY_SETS.delete("key-set:contract");
    return fromKv(env.KEY_SETS);
  },
});

describeKeySetReaderContract("a document at hand", {
  holding: async (_ring, text) => fromDocument(text),
  empty: undefined,
});
