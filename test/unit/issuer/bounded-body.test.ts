/** No more of a body is kept than is wanted, wherever its chunks end. */
import { expect, test } from "vitest";
import { readBounded } from "../../../issuer/bounded-body.ts";

function bodyOf(chunks: readonly string[], onCancel: () => void = () => undefined): ReadableStream<Uint8Array> {
  const left = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: onCancel,
  });
}

const read = async (chunks: readonly string[], most: number): Promise<string> =>
  new TextDecoder().decode(await readBounded(bodyOf(chunks), most));

test.for([
  [[], 4, ""],
  [["ab"], 4, "ab"],
  [["ab", "cd"], 4, "abcd"],
  [["ab", "cdef"], 4, "abcd"],
  [["abcdef"], 4, "abcd"],
  [["", "ab", "", "cd"], 3, "abc"],
] as const)("%j up to %i octets is %j", async ([chunks, most, text]) => {
  expect(await read(chunks, most)).toBe(text);
});

test("no body is no octets", async () => {
  expect(await readBounded(null, 4)).toHaveLength(0);
});

test("the rest is cancelled, not read", async () => {
  const cancelled = Promise.withResolvers<void>();
  await readBounded(bodyOf(["abcd", "efgh", "ijkl"], cancelled.resolve), 4);
  expect(await cancelled.promise).toBeUndefined();
});

test("a transfer that breaks off is an error, not a short body", async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("reset")) });
  await expect(readBounded(broken, 4)).rejects.toThrow("reset");
});
