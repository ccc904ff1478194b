/** A dot for each contender on a line for each algorithm: how many times the signature check alone. Pure. */
import { ALGS } from "../../shared/algorithms.ts";
import type { BenchRun } from "../../bench/lib/run.ts";
import { formatNumber } from "../../bench/lib/table.ts";
import { describeRun } from "./run-words.ts";
import { element, line, SMALL_CHARACTER_WIDTH, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

export interface DotChart extends Pick<Picture, "file" | "title"> {
  readonly suite: string;
  readonly floor: string;
  /** Name in the benchmark, words for a reader, colour; the shape follows from the place, so that colour is not needed to read it. */
  readonly series: readonly (readonly [name: string, words: string, colour: Colour])[];
}

const WIDTH = 880;
const LEFT = 96;
const RIGHT = 840;
const TOP = 112;
const ROW_HEIGHT = 32;

export function drawDots(run: BenchRun, { file, title, suite, floor, series }: DotChart): Picture {
  const measured = run.suites.find((one) => one.suite === suite)?.figures ?? {};
  const algs = ALGS.filter((alg) => measured[alg] !== undefined);
  const ratioOf = (alg: string, name: string): number | undefined =>
    measured[alg]?.find((figure) => figure.name === name)?.ratio;
  const most = Math.max(1.5, ...algs.flatMap((alg) => series.map(([name]) => ratioOf(alg, name) ?? 1)));
  const last = Math.ceil(most * 4) / 4;
  const placeOf = (ratio: number): number => LEFT + ((RIGHT - LEFT) * (ratio - 1)) / (last - 1);
  const bottom = TOP + algs.length * ROW_HEIGHT;
  const ticks = Array.from({ length: Math.floor((last - 1) * 4) + 1 }, (_, index) => 1 + index / 4);
  let legendAt = 20;
  return {
    file,
    title,
    description: `${title}. ${algs
      .map(
        (alg) =>
          `${alg}: ${series.map(([name, words]) => `${words} ${ratioOf(alg, name) ?? "not supported"}`).join(", ")}`,
      )
      .join("; ")}.`,
    width: WIDTH,
    height: bottom + 52,
    body: [
      text(20, 36, title, { look: "bold large" }),
      text(WIDTH - 20, 64, describeRun(run), { ...SOFT, anchor: "end" }),
      ...series.map(([, words, colour], index) => {
        const drawn = symbol(index, legendAt + 8, 60, colour) + text(legendAt + 22, 64, words, { look: "small" });
        legendAt += 38 + words.length * SMALL_CHARACTER_WIDTH;
        return drawn;
      }),
      ...ticks.map(
        (ratio) =>
          line([placeOf(ratio), TOP - 12], [placeOf(ratio), bottom], ratio === 1 ? "text" : "line") +
          text(placeOf(ratio), bottom + 20, `${ratio}\u00d7`, { ...SOFT, anchor: "middle" }),
      ),
      text(LEFT, bottom + 40, `1\u00d7 is ${floor}: nothing can verify for less.`, SOFT),
      ...algs.map((alg, row) => {
        const y = TOP + row * ROW_HEIGHT + 8;
        const own = ratioOf(alg, series[0]?.[0] ?? "");
        const dots = series.toReversed().map(([name, , colour], index) => {
          const ratio = ratioOf(alg, name);
          return ratio === undefined ? "" : symbol(series.length - 1 - index, placeOf(ratio), y, colour);
        });
        return (
          text(LEFT - 14, y + 4, alg, { anchor: "end", look: "small bold" }) +
          line([LEFT, y], [RIGHT, y], "line") +
          dots.join("") +
          (own === undefined
            ? ""
            : text(placeOf(own), y - 10, formatNumber(own), { anchor: "middle", fill: "accent", look: "small" }))
        );
      }),
    ].join("\n"),
  };
}

const SOFT = { fill: "soft", look: "small" } as const;

/** Circle, square, triangle, diamond. */
function symbol(index: number, x: number, y: number, colour: Colour): string {
  const look = `f-${colour} s-back`;
  const shapes = [
    () => element("circle", { class: look, cx: x, cy: y, r: 7 }),
    () => element("rect", { class: look, x: x - 5, y: y - 5, width: 10, height: 10 }),
    () => element("polygon", { class: look, points: `${x},${y - 6} ${x + 6},${y + 5} ${x - 6},${y + 5}` }),
    () => element("polygon", { class: look, points: `${x},${y - 7} ${x + 7},${y} ${x},${y + 7} ${x - 7},${y}` }),
  ];
  return shapes[index % shapes.length]?.() ?? "";
}
