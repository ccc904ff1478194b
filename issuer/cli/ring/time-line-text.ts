/** The ring's time line for a terminal: a bar for each generation, and below it what its letters mean. Pure. */
import { SPAN_WORDS } from "../../console/time-line.ts";
import type { SpanKind, TimeLine } from "../../console/time-line.ts";
import { describeTime } from "../../words/time.ts";

/** A letter each, so that nothing hangs on colours. */
const LOOKS: Readonly<
  Record<SpanKind, { readonly letter: string; readonly style: "gray" | "yellow" | "cyan" | "green" | "magenta" }>
> = {
  created: { letter: "c", style: "gray" },
  published: { letter: "p", style: "yellow" },
  safe: { letter: "s", style: "cyan" },
  signs: { letter: "S", style: "green" },
  retiring: { letter: "r", style: "magenta" },
  gone: { letter: "x", style: "gray" },
};

const WIDTH = 60;

/** Colours a text, or leaves it alone. */
export type Paint = (style: (typeof LOOKS)[SpanKind]["style"], text: string) => string;

/** @returns lines, each with its end; empty for a ring without a generation */
export function renderTimeLine({ from, until, now, bars }: TimeLine, paint: Paint): string {
  if (bars.length === 0) return "";
  const columnOf = (time: number): number => Math.min(WIDTH - 1, Math.floor((WIDTH * (time - from)) / (until - from)));
  const timeAt = (column: number): number => from + ((column + 0.5) * (until - from)) / WIDTH;
  const kinds = new Set<SpanKind>();
  const rows = bars.map(({ generation, spans }) => {
    const cells = Array.from({ length: WIDTH }, (_, column) => {
      if (column === columnOf(now)) return "|";
      const span = spans.find((one) => one.from <= timeAt(column) && timeAt(column) < one.until);
      if (span === undefined) return " ";
      kinds.add(span.kind);
      const { letter, style } = LOOKS[span.kind];
      return paint(style, letter);
    });
    return `${String(generation).padStart(3)}  ${cells.join("")}`;
  });
  const legend = [...kinds].map((kind) => `${LOOKS[kind].letter} ${SPAN_WORDS[kind]}`);
  const ends = `${describeTime(from)}${describeTime(until).padStart(WIDTH - describeTime(from).length)}`;
  return ["", "time line, | is now", ...rows, `     ${ends}`, `     ${legend.join(", ")}`, ""].join("\n");
}
