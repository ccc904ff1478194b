/** The life of keys on a time line, drawn from the default policy's times: a key is listed, takes over, and is replaced. */
import { atTheLatest, LISTING, RETIRING, rotateDays, runSeconds } from "./defaults.ts";
import { bar, legend, line, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

/** A part of the time line with a scale of its own. Times are seconds from its zero. */
interface Part {
  readonly heading: string;
  readonly left: number;
  readonly width: number;
  readonly from: number;
  readonly until: number;
}

const MINUTE = 60;
const LISTED: Part = { heading: "Day 0: key 2 is listed", left: 84, width: 330, from: -8 * MINUTE, until: 84 * MINUTE };
const ROTATED: Part = {
  heading: `Day ${rotateDays}: key 2 takes over`,
  left: 446,
  width: 414,
  from: -16 * MINUTE,
  until: 92 * MINUTE,
};

const AXIS = 72;
const ROW_TOP = AXIS + 16;
const ROW_HEIGHT = 40;
const BAR_HEIGHT = 24;
const LABELS_TOP = ROW_TOP + 3 * ROW_HEIGHT + 14;
const LABEL_HEIGHT = 24;
const LEGEND_TOP = LABELS_TOP + 5 * LABEL_HEIGHT + 8;

const LEGEND: readonly (readonly [Colour, string])[] = [
  ["published", "listed, not safe to sign"],
  ["safe", "safe to sign"],
  ["signs", "signs"],
  ["retiring", "verifies only"],
  ["gone", "not in the key set"],
];

/** A moment, and what has happened by then. */
interface Mark {
  readonly part: Part;
  readonly row: number;
  readonly seconds: number;
  readonly words: string;
  /** Which end of the words is at the moment. */
  readonly anchor: "start" | "end";
}

const MARKS: readonly Mark[] = [
  { part: LISTED, row: 0, seconds: LISTING.settled, words: "its listing has settled", anchor: "start" },
  { part: LISTED, row: 1, seconds: LISTING.emergency, words: "gateways know it", anchor: "start" },
  { part: LISTED, row: 2, seconds: LISTING.planned, words: "so do all consumers", anchor: "end" },
  { part: ROTATED, row: 0, seconds: RETIRING.lastSigner, words: "the last signer has followed", anchor: "start" },
  {
    part: ROTATED,
    row: 1,
    seconds: RETIRING.lastTokenExpired,
    words: "the last token of key 1 has expired",
    anchor: "end",
  },
  { part: ROTATED, row: 2, seconds: RETIRING.held, words: "key 1 does not take over any more", anchor: "end" },
  { part: ROTATED, row: 3, seconds: RETIRING.dropped, words: "key 1 leaves the key set", anchor: "end" },
  { part: ROTATED, row: 4, seconds: RETIRING.disabled, words: "its KMS key is disabled", anchor: "end" },
];

export const LIFECYCLE: Picture = {
  file: "lifecycle.svg",
  title: "The life of keys, with the default policy",
  description:
    `Key 2 is listed on day 0. ${atTheLatest(LISTING.settled)} later its listing has settled, ${atTheLatest(LISTING.emergency)} later every ` +
    `gateway knows it, and ${atTheLatest(LISTING.planned)} later every consumer does, so that it is safe to sign. On day ${rotateDays} it takes ` +
    `over from key 1. ${atTheLatest(RETIRING.lastSigner)} later the last signer has followed, ${atTheLatest(RETIRING.lastTokenExpired)} later the ` +
    `last token of key 1 has expired, ${atTheLatest(RETIRING.held)} later key 1 does not take over any more, ` +
    `${atTheLatest(RETIRING.dropped)} later it leaves the key set, and ${atTheLatest(RETIRING.disabled)} later its KMS key is disabled.`,
  width: 880,
  height: LEGEND_TOP + 56,
  body: [
    ...[LISTED, ROTATED].map(drawPart),
    ...[1, 2, 3].map((key) => text(20, rowOf(key) + 17, `key ${key}`, { look: "bold" })),

    span(LISTED, 1, LISTED.from, LISTED.until, "signs"),
    span(LISTED, 2, 0, LISTING.planned, "published"),
    span(LISTED, 2, LISTING.planned, LISTED.until, "safe"),
    span(ROTATED, 1, ROTATED.from, 0, "signs"),
    span(ROTATED, 1, 0, RETIRING.dropped, "retiring"),
    span(ROTATED, 1, RETIRING.dropped, ROTATED.until, "gone"),
    span(ROTATED, 2, ROTATED.from, 0, "safe"),
    span(ROTATED, 2, 0, ROTATED.until, "signs"),
    span(ROTATED, 3, 0, LISTING.planned, "published"),
    span(ROTATED, 3, LISTING.planned, ROTATED.until, "safe"),
    ...[1, 2].map(drawBreak),

    ...MARKS.map(drawLeader),
    ...MARKS.map(drawWords),

    legend(84, LEGEND_TOP, LEGEND),
    text(
      84,
      LEGEND_TOP + 36,
      `Each time is the earliest: the rotator acts at its next run, up to ${atTheLatest(runSeconds)} later.`,
      { fill: "soft", look: "small" },
    ),
  ].join("\n"),
};

function rowOf(key: number): number {
  return ROW_TOP + (key - 1) * ROW_HEIGHT;
}

function placeOf({ left, width, from, until }: Part, seconds: number): number {
  return left + (width * (seconds - from)) / (until - from);
}

/** Heading, axis and its ticks. */
function drawPart(part: Part): string {
  return [
    text(part.left, 36, part.heading, { look: "bold" }),
    line([part.left, AXIS], [part.left + part.width, AXIS], "line"),
    ...[0, 15, 30, 45, 60, 75].map((minutes) => {
      const x = placeOf(part, minutes * MINUTE);
      const words = minutes === 0 ? "0" : `${minutes} min`;
      return (
        line([x, AXIS - 5], [x, AXIS], "soft") +
        text(x, AXIS - 10, words, { anchor: "middle", fill: "soft", look: "small" })
      );
    }),
    line([placeOf(part, 0), AXIS], [placeOf(part, 0), ROW_TOP + 3 * ROW_HEIGHT - 8], "text", { width: 1.5 }),
  ].join("");
}

function span(part: Part, key: number, from: number, until: number, colour: Colour): string {
  const x = placeOf(part, from);
  return bar(x, rowOf(key), placeOf(part, until) - x, BAR_HEIGHT, colour);
}

/** Between both parts a key goes on as it is. */
function drawBreak(key: number): string {
  const y = rowOf(key) + BAR_HEIGHT / 2;
  return text((LISTED.left + LISTED.width + ROTATED.left) / 2, y + 5, "…", { anchor: "middle", fill: "soft" });
}

function drawLeader({ part, row, seconds }: Mark): string {
  const x = placeOf(part, seconds);
  return line([x, ROW_TOP - 8], [x, LABELS_TOP + row * LABEL_HEIGHT + 4], "text", { dashed: true });
}

function drawWords({ part, row, seconds, words, anchor }: Mark): string {
  const x = placeOf(part, seconds) + (anchor === "start" ? 6 : -6);
  const y = LABELS_TOP + row * LABEL_HEIGHT;
  return text(x, y, `${atTheLatest(seconds)}: ${words}`, { anchor, look: "small halo s-back" });
}
