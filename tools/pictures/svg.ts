/**
 * The one style of all drawn pictures, and the few SVG elements they are made of. Pure: the same input gives the same bytes.
 *
 * A picture brings its own background, light or dark as the reader's system is, so that it is legible on any page. It has real text
 * in system fonts, a title and a description for screen readers, and neither script nor anything from elsewhere.
 */
import { createHash } from "node:crypto";

/** Each colour in light and in dark; text colours have a contrast of 4.5 or more on `back` and `panel`. */
const COLOURS = {
  back: ["#ffffff", "#14171b"],
  panel: ["#f4f6f8", "#1e2329"],
  line: ["#c5ccd6", "#3d4651"],
  text: ["#1b1f24", "#e8eaed"],
  soft: ["#4b5563", "#b4bcc8"],
  accent: ["#0b57d0", "#8ab4f8"],
  accentBack: ["#e8f0fe", "#1a2b45"],
  good: ["#126b34", "#7bd88f"],
  bad: ["#a3141b", "#ff9b9b"],
  secret: ["#8a4b00", "#f0b35c"],
  secretBack: ["#fff4e0", "#33270f"],
  peer: ["#8a94a3", "#6f7a89"],
  // The console's colours of the spans of a key's life.
  published: ["#b7791f", "#d9a441"],
  safe: ["#2b8a8a", "#4fb3b3"],
  signs: ["#1f7a3d", "#46b46a"],
  retiring: ["#6b5bd2", "#9d90f0"],
  gone: ["#b0b6bf", "#4a515b"],
} as const;

export type Colour = keyof typeof COLOURS;

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif';
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

type Attributes = Readonly<Record<string, string | number | undefined>>;

export interface Picture {
  /** Its file in docs/pictures/. */
  readonly file: string;
  readonly title: string;
  /** What is to be seen, for a reader who does not see it. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly body: string;
  /** As a terminal is, for which light text is made. */
  readonly isAlwaysDark?: boolean;
}

/** @returns the file's text, which begins with the hash of everything that it shows */
export function renderPicture({ title, description, width, height, body, isAlwaysDark = false }: Picture): string {
  const shown = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(description)}</desc>`,
    `<style>${stylesFor(body, isAlwaysDark)}</style>`,
    element("rect", { class: "f-back s-line", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 10 }),
    body,
    "</svg>",
    "",
  ].join("\n");
  return `<!-- Drawn by npm run pictures, never by hand. ${HASH_MARK}${hashOf(shown)} -->\n${shown}`;
}

/** What stands before the hash, in SVG and in PNG files. */
export const HASH_MARK = "shows sha256-";

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function stylesFor(body: string, isAlwaysDark: boolean): string {
  const uses = (name: string): boolean => new RegExp(String.raw`[" ]${name}[" ]`).test(body) || name.endsWith("-back");
  const rules = (theme: 0 | 1): string =>
    Object.entries(COLOURS)
      .flatMap(([name, values]) => [
        ...(uses(`f-${name}`) ? [`.f-${name}{fill:${values[theme]}}`] : []),
        ...(uses(`s-${name}`) || name === "line" ? [`.s-${name}{stroke:${values[theme]}}`] : []),
      ])
      .join("");
  const base = `text{font:14px ${FONT}}.halo{paint-order:stroke;stroke-width:6px;stroke-linejoin:round}.mono{font-family:${MONO}}.small{font-size:12px}.large{font-size:17px}.bold{font-weight:600}.dash{stroke-dasharray:5 4}`;
  return isAlwaysDark ? base + rules(1) : `${base}${rules(0)}@media (prefers-color-scheme:dark){${rules(1)}}`;
}

export function element(name: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(typeof value === "number" ? rounded(value) : String(value))}"`)
    .join("");
  return content === undefined ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export interface TextOptions {
  readonly fill?: Colour;
  readonly anchor?: "start" | "middle" | "end";
  /** Of the style: `bold`, `small`, `large`, `mono`; `halo s-back` keeps lines behind the text away from it. */
  readonly look?: string;
}

/** One line of text; `y` is its base line. */
export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { fill = "text", anchor = "start", look } = options;
  return element(
    "text",
    {
      class: `f-${fill}${look === undefined ? "" : ` ${look}`}`,
      x,
      y,
      "text-anchor": anchor === "start" ? undefined : anchor,
      // A terminal's columns stand below each other.
      "xml:space": content.includes("  ") ? "preserve" : undefined,
    },
    escape(content),
  );
}

/** Lines below each other, the first with its base line at `y`. */
export function lines(
  x: number,
  y: number,
  contents: readonly string[],
  options: TextOptions = {},
  lineHeight = 19,
): string {
  return contents.map((content, index) => text(x, y + index * lineHeight, content, options)).join("");
}

export interface BoxOptions {
  readonly fill?: Colour;
  readonly stroke?: Colour;
  readonly dashed?: boolean;
  readonly strokeWidth?: number;
}

export function box(x: number, y: number, width: number, height: number, options: BoxOptions = {}): string {
  const { fill = "panel", stroke = "line", dashed = false, strokeWidth } = options;
  const look = `f-${fill} s-${stroke}${dashed ? " dash" : ""}`;
  return element("rect", { class: look, x, y, width, height, rx: 8, "stroke-width": strokeWidth });
}

export function bar(x: number, y: number, width: number, height: number, fill: Colour, rx = 2): string {
  return element("rect", { class: `f-${fill}`, x, y, width, height, rx });
}

export function line(
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
  stroke: Colour,
  options: { readonly width?: number; readonly dashed?: boolean } = {},
): string {
  const [[x1, y1], [x2, y2]] = [from, to];
  const look = `s-${stroke}${options.dashed === true ? " dash" : ""}`;
  return element("line", { class: look, x1, y1, x2, y2, "stroke-width": options.width });
}

/** Wide enough for a small character of the widest system fonts. */
export const SMALL_CHARACTER_WIDTH = 6.7;

/** What each colour means, side by side. */
export function legend(x: number, y: number, entries: readonly (readonly [Colour, string])[]): string {
  let left = x;
  return entries
    .map(([colour, words]) => {
      const drawn = bar(left, y, 14, 14, colour) + text(left + 20, y + 12, words, { look: "small" });
      left += 20 + words.length * SMALL_CHARACTER_WIDTH + 16;
      return drawn;
    })
    .join("");
}

const HEAD = 8;

/** Along the given points, with a head at the last one. */
export function arrow(
  points: readonly (readonly [x: number, y: number])[],
  stroke: Colour,
  options: { readonly dashed?: boolean } = {},
): string {
  const [tipX, tipY] = points.at(-1) ?? [0, 0];
  const [fromX, fromY] = points.at(-2) ?? [0, 0];
  const length = Math.hypot(tipX - fromX, tipY - fromY);
  const [alongX, alongY] = [(tipX - fromX) / length, (tipY - fromY) / length];
  const [baseX, baseY] = [tipX - alongX * HEAD, tipY - alongY * HEAD];
  const side = HEAD / 2;
  const corners = [
    [tipX, tipY],
    [baseX - alongY * side, baseY + alongX * side],
    [baseX + alongY * side, baseY - alongX * side],
  ];
  const path = [...points.slice(0, -1), [baseX, baseY]];
  return (
    element("path", {
      class: `s-${stroke}${options.dashed === true ? " dash" : ""}`,
      d: `M${path.map((point) => point.map((value) => rounded(value ?? 0)).join(" ")).join("L")}`,
      fill: "none",
      "stroke-width": 1.6,
    }) +
    element("polygon", {
      class: `f-${stroke}`,
      points: corners.map((corner) => corner.map((value) => rounded(value ?? 0)).join(",")).join(" "),
    })
  );
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
