/** What the root key signs is told apart by its `typ`, and opened with a pinned key alone. */
import { beforeAll, expect, test } from "vitest";
import { openSignedDocument, readEnvelope } from "../../../shared/signed-document.ts";
import { makeRoot, signCompactJws } from "../../support/key-sets.ts";
import type { TestRoot } from "../../support/key-sets.ts";

let root: TestRoot;
let text: string;
beforeAll(async () => {
  root = await makeRoot();
  text = await signCompactJws({ alg: root.alg, kid: root.kid, typ: "one+jwt" }, { a: 1 }, root);
});

test("the payload is given when the signature of a pinned key holds", async () => {
  expect(await openSignedDocument(text, "one+jwt", root.anchors)).toEqual({ ok: true, value: { a: 1 } });
});

test("a document of another kind, of no pinned key, or changed, is refused", async () => {
  const changed = text.replace(/\.[^.]+\./, `.${btoa('{"a":2}').replace(/=+$/, "")}.`);
  expect(await openSignedDocument(text, "two+jwt", root.anchors)).toEqual({ ok: false, error: "wrong_typ" });
  expect(await openSignedDocument(text, "ONE+jwt", root.anchors)).toEqual({ ok: false, error: "wrong_typ" });
  expect(await openSignedDocument(text, "one+jwt", [])).toEqual({ ok: false, error: "unknown_root" });
  expect(await openSignedDocument(changed, "one+jwt", root.anchors)).toEqual({ ok: false, error: "signature_invalid" });
  expect(readEnvelope("a.b.c", "one+jwt")).toEqual({ ok: false, error: "malformed" });
});
