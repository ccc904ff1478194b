/** SHA-256 against published vectors, and against the platform's own for every length around the borders of a block. */
import { expect, test } from "vitest";
import { sha256Words } from "../../../../shared/revocations/sha256.ts";
import { utf8 } from "../../../support/values.ts";

function hex(words: Uint32Array): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** FIPS 180-4's examples (csrc.nist.gov, "SHA256.pdf"), and NIST's byte-oriented short messages (SHA256ShortMsg.rsp). */
test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
  ],
])("of %j", (text, digest) => {
  expect(hex(sha256Words(utf8(text)))).toBe(digest);
});

test.each([
  [[0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"],
  [[0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"],
  [[0xb4, 0x19, 0x0e], "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"],
])("of the octets %j", (octets, digest) => {
  expect(hex(sha256Words(Uint8Array.from(octets)))).toBe(digest);
});

test("of a million letters", () => {
  expect(hex(sha256Words(utf8("a".repeat(1_000_000))))).toBe(
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  );
});

test("agrees with the platform for every length up to four blocks, wherever the octets lie in their buffer", async () => {
  const octets = crypto.getRandomValues(new Uint8Array(300));
  for (let length = 0; length <= 256; length += 1) {
    const message = octets.subarray(7, 7 + length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", message));
    expect(hex(sha256Words(message))).toBe(Array.from(digest, (one) => one.toString(16).padStart(2, "0")).join(""));
  }
});
