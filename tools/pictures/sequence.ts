/** Sequence diagrams: actors side by side, and what goes between them from top to bottom. Pure. */
import { arrow, box, line, lines, SMALL_CHARACTER_WIDTH, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

export interface Actor {
  readonly name: string;
  readonly note: string;
}

export type Step =
  | { readonly section: string }
  | {
      /** Names of actors. */
      readonly from: string;
      readonly to: string;
      readonly says: string;
      readonly detail?: string;
      readonly colour?: Colour;
      readonly isReply?: boolean;
    }
  | { readonly at: string; readonly does: readonly string[]; readonly colour?: Colour };

export interface Sequence extends Pick<Picture, "file" | "title" | "description"> {
  readonly actors: readonly Actor[];
  readonly steps: readonly Step[];
}

const WIDTH = 880;
const MARGIN = 20;
const HEAD = { top: 20, width: 148, height: 52 };

export function drawSequence({ actors, steps, ...about }: Sequence): Picture {
  const first = MARGIN + HEAD.width / 2;
  const gap = (WIDTH - 2 * first) / (actors.length - 1);
  const placeOf = (name: string): number => {
    const index = actors.findIndex((actor) => actor.name === name);
    if (index < 0) throw new TypeError(`No actor of ${about.file} is called ${name}.`);
    return first + index * gap;
  };
  let y = HEAD.top + HEAD.height + 14;
  const drawn: string[] = [];
  for (const step of steps) {
    const { svg, height } = drawStep(step, y, placeOf);
    drawn.push(svg);
    y += height;
  }
  const lifelines = actors.map(({ name }) =>
    line([placeOf(name), HEAD.top + HEAD.height], [placeOf(name), y], "line", { dashed: true }),
  );
  const heads = actors.map(({ name, note }) => drawHead(placeOf(name), name, note));
  return { ...about, width: WIDTH, height: y + 16, body: [...lifelines, ...heads, ...drawn].join("\n") };
}

function drawHead(x: number, name: string, note: string): string {
  return (
    box(x - HEAD.width / 2, HEAD.top, HEAD.width, HEAD.height) +
    text(x, HEAD.top + 22, name, { anchor: "middle", look: "bold" }) +
    text(x, HEAD.top + 41, note, { anchor: "middle", fill: "soft", look: "small" })
  );
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

function drawStep(step: Step, y: number, placeOf: (name: string) => number): Drawn {
  if ("section" in step) {
    const svg =
      box(MARGIN, y + 6, WIDTH - 2 * MARGIN, 30, { fill: "panel", stroke: "panel" }) +
      text(MARGIN + 12, y + 26, step.section, { look: "bold" });
    return { svg, height: 46 };
  }
  if ("at" in step) return drawNote(placeOf(step.at), y, step.does, step.colour);
  const { says, detail, colour = "text", isReply = false } = step;
  const [from, to] = [placeOf(step.from), placeOf(step.to)];
  const middle = (from + to) / 2;
  const look = "halo s-back";
  const details =
    detail === undefined ? "" : text(middle, y + 40, detail, { anchor: "middle", fill: "soft", look: `small ${look}` });
  const svg =
    text(middle, y + 18, says, { anchor: "middle", fill: colour, look }) +
    details +
    arrow(
      [
        [from, y + 25],
        [to + (from < to ? -1 : 1), y + 25],
      ],
      colour,
      { dashed: isReply },
    );
  return { svg, height: detail === undefined ? 38 : 52 };
}

/** A box at an actor, moved so far that it is inside of the picture. */
function drawNote(x: number, y: number, does: readonly string[], colour: Colour = "line"): Drawn {
  const width = Math.max(...does.map((words) => words.length)) * SMALL_CHARACTER_WIDTH + 24;
  const left = Math.min(Math.max(x - width / 2, MARGIN), WIDTH - MARGIN - width);
  const height = does.length * 18 + 14;
  const svg =
    box(left, y + 6, width, height, { stroke: colour }) + lines(left + 12, y + 26, does, { look: "small" }, 18);
  return { svg, height: height + 14 };
}
