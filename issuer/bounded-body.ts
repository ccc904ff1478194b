/** Bodies of HTTP messages whose sender may send more than is wanted: what is too much is never kept. */

/** @returns the first `maxBytes` octets, after content decoding; the rest is not read */
export async function readBounded(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < maxBytes) {
    const step = await reader.read();
    const chunk: unknown = step.value;
    if (step.done || !(chunk instanceof Uint8Array)) break;
    chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
  }
  // Ends the transfer of what is not wanted; if that fails, there is nothing left to end.
  reader.cancel().catch(() => undefined);
  return Buffer.concat(chunks);
}
