/** How a signer that has another ring knows whether edges have a document of this one: from the note on the ring's root key. */
import type { RingName } from "../../../shared/identifiers.ts";
import type { Kms } from "../../kms/port.ts";
import type { DocumentLife } from "../document-life.ts";
import { parseRingTags, ringAlias } from "../names.ts";

export interface DocumentLives {
  /**
   * @returns undefined while no rotator has noted a document
   * @throws SealgateError when that cannot be found out
   */
  read(): Promise<DocumentLife | undefined>;
}

/** Asks KMS: where the alias `root` points, and that key's tag `sealgate:document`. */
export function createTaggedDocumentLives(kms: Pick<Kms, "describeKey" | "listTags">, ring: RingName): DocumentLives {
  return {
    async read() {
      // ListResourceTags takes no alias.
      const { keyArn } = await kms.describeKey(ringAlias(ring, { role: "root" }));
      return parseRingTags(await kms.listTags(keyArn)).document;
    },
  };
}
