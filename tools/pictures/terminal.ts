/** What a program prints on a terminal, as a picture: its colours, and its lines cut at the terminal's edge as `less -S` does. Pure. */
import { element, escape, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

/** The colours of `util.styleText` that sealgate uses, by the number of their escape sequence. */
const ANSI: Readonly<Record<string, Colour>> = {
  "32": "signs",
  "33": "published",
  "35": "retiring",
  "36": "safe",
  "39": "text",
  "90": "soft",
};

const COLUMNS = 116;
const COLUMN_WIDTH = 7.23;
const LINE_HEIGHT = 17;
const MARGIN = 20;
const TOP = 30;

export interface TerminalScreen extends Pick<Picture, "file" | "title" | "description"> {
  readonly command: string;
  readonly output: string;
}

export function drawTerminal({ command, output, ...about }: TerminalScreen): Picture {
  const rows = output.trimEnd().split("\n");
  return {
    ...about,
    isAlwaysDark: true,
    width: Math.ceil(COLUMNS * COLUMN_WIDTH) + 2 * MARGIN,
    height: TOP + rows.length * LINE_HEIGHT + MARGIN,
    body: [
      text(MARGIN, TOP, `$ ${command}`, { look: "mono small bold", fill: "accent" }),
      ...rows.map((row, index) => drawRow(row, TOP + (index + 1) * LINE_HEIGHT + 4)),
    ].join("\n"),
  };
}

interface Piece {
  readonly colour: Colour;
  readonly words: string;
}

function drawRow(row: string, y: number): string {
  const spans = piecesOf(row).map(({ colour, words }) => element("tspan", { class: `f-${colour}` }, escape(words)));
  const look = { class: "f-text mono small", x: MARGIN, y, "xml:space": "preserve" };
  return spans.length === 0 ? "" : element("text", look, spans.join(""));
}

/** Of one colour each, as many as there is room for. */
function piecesOf(row: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let colour: Colour = "text";
  let room = COLUMNS;
  for (const [index, part] of row.split("\u001b[").entries()) {
    const [, code = "39", words = part] = (index === 0 ? undefined : /^(\d+)m(.*)$/.exec(part)) ?? [];
    colour = ANSI[code] ?? "text";
    const shown = words.length <= room ? words : `${words.slice(0, Math.max(0, room - 1))}…`.slice(0, room);
    room -= shown.length;
    const last = pieces.at(-1);
    if (last?.colour === colour) pieces.splice(-1, 1, { colour, words: last.words + shown });
    else if (shown !== "") pieces.push({ colour, words: shown });
  }
  return pieces;
}
