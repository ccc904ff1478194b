/**
 * PNG files of screenshots, made small: at most 256 colours, which is what a page with plain text and surfaces has, and a text chunk with
 * the hash of what is shown. Reads what Chromium writes: 8 bits a channel, not interlaced (https://www.w3.org/TR/png-3/). Pure.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const KEYWORD = "sealgate";
const MOST_COLOURS = 256;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

interface Image {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, row by row. */
  readonly pixels: Uint32Array;
}

/** @param note what {@link readNote} finds again, in Latin-1 */
export function compactPng(png: Buffer, note: string): Buffer {
  const image = decode(png);
  const palette = paletteOf(image.pixels);
  const indexOf = nearestIn(palette);
  const rows = Buffer.alloc((image.width + 1) * image.height);
  image.pixels.forEach((colour, at) => {
    rows[at + Math.floor(at / image.width) + 1] = indexOf(colour);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(image.width, 0);
  header.writeUInt32BE(image.height, 4);
  // 8 bits, by palette.
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    encode({ type: "IHDR", data: header }),
    encode({ type: "tEXt", data: Buffer.from(`${KEYWORD}\0${note}`, "latin1") }),
    encode({ type: "PLTE", data: Buffer.from(palette.flatMap((colour) => [...channelsOf(colour)])) }),
    encode({ type: "IDAT", data: deflateSync(rows, { level: 9, memLevel: 9 }) }),
    encode({ type: "IEND", data: Buffer.alloc(0) }),
  ]);
}

/** @returns undefined for a file without one */
export function readNote(png: Buffer): string | undefined {
  const text = chunksOf(png)
    .find(({ type }) => type === "tEXt")
    ?.data.toString("latin1");
  return text?.startsWith(`${KEYWORD}\0`) === true ? text.slice(KEYWORD.length + 1) : undefined;
}

/** @throws TypeError for what is no PNG */
function chunksOf(png: Buffer): readonly Chunk[] {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new TypeError("This is not a PNG file.");
  const chunks: Chunk[] = [];
  let at = SIGNATURE.length;
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const data = png.subarray(at + 8, at + 8 + length);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data });
    at += 12 + length;
  }
  return chunks;
}

function encode({ type, data }: Chunk): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function decode(png: Buffer): Image {
  const chunks = chunksOf(png);
  const header = chunks[0]?.data ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === 6 ? 4 : 3;
  if (header[8] !== 8 || (header[9] !== 2 && header[9] !== 6) || header[12] !== 0)
    throw new TypeError("This PNG file is not one of Chromium's screenshots.");
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const bytes = unfiltered(inflateSync(Buffer.concat(packed)), width * channels, channels);
  const pixels = new Uint32Array(width * height);
  pixels.forEach((_, at) => {
    const from = at * channels;
    pixels[at] = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
  });
  return { width, height, pixels };
}

/** Each row begins with how it was filtered (PNG section 9). */
function unfiltered(data: Buffer, rowLength: number, channels: number): Uint8Array {
  const rows = data.length / (rowLength + 1);
  const bytes = new Uint8Array(rows * rowLength);
  for (let row = 0; row < rows; row += 1) {
    const filter = data[row * (rowLength + 1)];
    for (let column = 0; column < rowLength; column += 1) {
      const at = row * rowLength + column;
      const left = column < channels ? 0 : (bytes[at - channels] ?? 0);
      const up = row === 0 ? 0 : (bytes[at - rowLength] ?? 0);
      const corner = row === 0 || column < channels ? 0 : (bytes[at - rowLength - channels] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      bytes[at] = (data[row * (rowLength + 1) + 1 + column] ?? 0) + guess;
    }
  }
  return bytes;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** The most frequent colours: surfaces and text, before the shades at the edges of letters. */
function paletteOf(pixels: Uint32Array): readonly number[] {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  return [...counts]
    .toSorted(([one, often], [other, oftenToo]) => oftenToo - often || one - other)
    .slice(0, MOST_COLOURS)
    .map(([colour]) => colour);
}

function nearestIn(palette: readonly number[]): (colour: number) => number {
  const known = new Map(palette.map((colour, index) => [colour, index]));
  return (colour) => {
    const index = known.get(colour) ?? closest(colour, palette);
    known.set(colour, index);
    return index;
  };
}

function closest(colour: number, palette: readonly number[]): number {
  const [red, green, blue] = channelsOf(colour);
  const distances = palette.map((other) => {
    const [r, g, b] = channelsOf(other);
    return (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
  });
  return distances.indexOf(Math.min(...distances));
}

function channelsOf(colour: number): readonly [red: number, green: number, blue: number] {
  return [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
}
