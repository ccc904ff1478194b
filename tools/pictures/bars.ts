/** Horizontal bars: a row for each contender, RS256 and ES256 side by side on one scale, the floor as a line through all. Pure. */
import type { BenchRun } from "../../bench/lib/run.ts";
import { formatNumber } from "../../bench/lib/table.ts";
import type { Figure } from "../../bench/lib/report.ts";
import { figureOf } from "../performance.ts";
import { describeRun } from "./run-words.ts";
import { bar, legend, line, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

export interface BarChart extends Pick<Picture, "file" | "title"> {
  readonly suite: string;
  /** The row that all are compared with. */
  readonly floor: string;
  /** Name in the benchmark, words for a reader, colour. */
  readonly rows: readonly (readonly [name: string, words: string, colour: Colour])[];
  readonly note: string;
}

const ALGS = ["RS256", "ES256"] as const;
const WIDTH = 880;
/** Where the bars of each algorithm begin. */
const COLUMNS = [236, 562] as const;
const BAR_WIDTH = 190;
const TOP = 78;
const ROW_HEIGHT = 30;
const BAR_HEIGHT = 16;

export function drawBars(run: BenchRun, chart: BarChart): Picture {
  const { file, title, suite, floor, rows, note } = chart;
  const figures = (
    alg: string,
  ): readonly { readonly words: string; readonly colour: Colour; readonly figure: Figure }[] =>
    rows.map(([name, words, colour]) => ({ words, colour, figure: figureOf(run, suite, alg, name) }));
  const longest = Math.max(...ALGS.flatMap((alg) => figures(alg).map(({ figure }) => figure.cpuUs + figure.cpuUsMad)));
  const scale = BAR_WIDTH / longest;
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const columns = ALGS.map((alg, index) => {
    const x = COLUMNS[index] ?? 0;
    const floorAt = x + figureOf(run, suite, alg, floor).cpuUs * scale;
    return [
      text(x, TOP - 16, `${alg}, microseconds`, { look: "bold" }),
      ...figures(alg).map(({ colour, figure }, row) => drawBar(x, TOP + row * ROW_HEIGHT, scale, figure, colour)),
      line([floorAt, TOP - 6], [floorAt, bottom], "text", { dashed: true }),
    ].join("\n");
  });
  const labels = rows.map(([, words], row) =>
    text(COLUMNS[0] - 12, TOP + row * ROW_HEIGHT + 15, words, { anchor: "end", look: "small" }),
  );
  return {
    file,
    title,
    description: `${title}, in microseconds (RS256, ES256): ${figures("RS256")
      .map(({ words, figure }, row) => `${words} ${figure.cpuUs}, ${figures("ES256")[row]?.figure.cpuUs ?? "-"}`)
      .join("; ")}.`,
    width: WIDTH,
    height: bottom + 74,
    body: [
      text(20, 36, title, { look: "bold large" }),
      ...labels,
      ...columns,
      legend(20, bottom + 14, [
        ["accent", "sealgate"],
        ["peer", "others"],
      ]),
      text(
        190,
        bottom + 26,
        `Dashed: ${rows.find(([name]) => name === floor)?.[1] ?? floor}. Thin line: median \u00b1 MAD.`,
        SOFT,
      ),
      text(20, bottom + 56, note, SOFT),
      text(WIDTH - 20, 36, describeRun(run), { ...SOFT, anchor: "end" }),
    ].join("\n"),
  };
}

const SOFT = { fill: "soft", look: "small" } as const;

function drawBar(x: number, y: number, scale: number, figure: Figure, colour: Colour): string {
  const { cpuUs, cpuUsMad, ratio } = figure;
  const end = x + cpuUs * scale;
  const whisker = cpuUsMad * scale;
  const middle = y + 2 + BAR_HEIGHT / 2;
  return (
    bar(x, y + 2, Math.max(1, end - x), BAR_HEIGHT, colour) +
    line([end - whisker, middle], [end + whisker, middle], "text", { width: 1.5 }) +
    text(end + whisker + 8, y + 15, `${formatNumber(cpuUs)}   ${formatNumber(ratio)}\u00d7`, {
      look: "small halo s-back",
    })
  );
}
