/**
 * Suite `hostile`: requests without a good token that are built to be expensive, at growing sizes, over a plain 404 whose URL
 * or header of the same length holds letters only. A guard whose work grows faster than its input shows as a ratio that
 * grows with the size.
 */
import { atMost } from "../lib/budgets.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { bindingsFor } from "../lib/gateways.ts";
import { startLoadGenerator } from "../lib/load.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Suite } from "../lib/report.ts";
import { interleave } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";

const CONCURRENCY = 8;
const MOST_OVER_404 = 3;
/** CPU from the middle to the largest size, over the growth of the size: a quadratic guard comes near 2, a linear one stays below 1. */
const MOST_GROWTH = 1.1;

interface Attack {
  readonly name: string;
  /** The path, or a header's value, of about this length. */
  readonly shape: (length: number) => string;
  /** Header that carries it; undefined: it is the path. */
  readonly header?: string;
  readonly status: number;
  readonly sizes: readonly number[];
}

const filled = (piece: string, length: number): string => piece.repeat(Math.floor(length / piece.length));

/** Longer paths are refused by their length. */
const PATH_SIZES = [1000, 4000, 7900];
/** Longer paths with characters beyond ASCII are refused by their length. */
const NON_ASCII_SIZES = [1000, 2000, 3950];
/** Longer paths are not read for what a rule tolerates. */
const TOLERATED_SIZES = [500, 1000, 1900];
const HEADER_SIZES = [2000, 8000, 15_000];

const path = (name: string, status: number, shape: Attack["shape"], sizes = PATH_SIZES): Attack => ({
  name: `path: ${name}`,
  shape,
  status,
  sizes,
});
const header = (carrier: string, name: string, status: number, shape: Attack["shape"]): Attack => ({
  name: `${carrier}: ${name}`,
  header: carrier,
  shape,
  status,
  sizes: HEADER_SIZES,
});

const ATTACKS: readonly Attack[] = [
  path("dots before an escape", 404, (length) => `/${".".repeat(length)}x%21`),
  path("dots between letters", 401, (length) => `/api/${filled("a.", length)}a`),
  path("dots and escaped spaces", 401, (length) => `/api/${filled(".%20", length)}a`),
  path("marks out of order", 401, (length) => `/api/${filled("%CC%80%CC%A3", length)}a`, NON_ASCII_SIZES),
  path("unseen characters", 401, (length) => `/api/x${filled("%E3%85%A4", length)}a`, NON_ASCII_SIZES),
  path("letters with marks", 401, (length) => `/api/${filled("%C3%A9", length)}`, NON_ASCII_SIZES),
  path("phrases in one character", 400, (length) => `/api/${filled("%EF%B7%BA", length)}`, NON_ASCII_SIZES),
  path("short segments", 401, (length) => `/api/${filled("a/", length)}a`),
  path("tolerated: escaped slashes", 400, (length) => `/api/${filled("a%2F", length)}`, TOLERATED_SIZES),
  path(
    "tolerated: one parameter, short segments",
    401,
    (length) => `/api/x;y/${filled("a/", length)}a`,
    TOLERATED_SIZES,
  ),
  path(
    "tolerated: six escaped slashes",
    401,
    (length) => `/api/${"a%2F".repeat(6)}${"a".repeat(length)}`,
    [60, 80, 90],
  ),
  header("authorization", "blanks", 400, (length) => `Bearer x${" ".repeat(length)}x`),
  header("authorization", "beginnings of tokens", 401, (length) => filled("eyJ", length)),
  header("authorization", "dots", 401, (length) => `Bearer ${filled(".", length)}`),
  header("authorization", "brackets in a token's header", 401, (length) => {
    return `Bearer ${Buffer.from(filled("[", length * 0.74)).toString("base64url")}.e30.AAAA`;
  }),
  header("authorization", "members in a token's header", 401, (length) => {
    const members = Array.from({ length: Math.floor(length / 16) }, (_, index) => `"m${String(index)}":1`);
    return `Bearer ${Buffer.from(`{${members.join(",")}}`).toString("base64url")}.e30.AAAA`;
  }),
  header("cookie", "blanks before names", 401, (length) => filled(";          ", length)),
  header("cookie", "its name again and again", 400, (length) => filled("token=x;", length)),
  header("cookie", "its name without a value", 401, (length) => filled("token ", length)),
];

interface Measured {
  readonly name: string;
  readonly size: number;
  /** CPU over the plain 404 of the same length. */
  readonly ratio: number;
  readonly us: number;
}

export const hostileSuite: Suite = async (effort, progress) => {
  progress("starting");
  const material = await makeMaterial({ alg: "ES256", tokens: 1 });
  const bindings = bindingsFor(material);
  const running = await startWorkers([
    { name: "origin", entry: "bench/gateways/origin.ts" },
    {
      name: "sealgate",
      entry: "bench/gateways/sealgate-complete.ts",
      ...bindings,
      vars: { ...bindings.vars, TOKEN_CARRIERS: "authorization,cookie", TOKEN_COOKIE: "token" },
    },
  ]);
  const load = startLoadGenerator();
  try {
    await running.putKv("sealgate", "KEY_SETS", "key-set:main", material.settings.keySet);
    const clock = cpuClockOf(running.pid);
    const requests = effort.quick ? 100 : 400;
    const measure = async (
      target: string,
      headers: Readonly<Record<string, string>>,
      expectedStatus: number,
    ): Promise<number> => {
      const url = running.urlOf("sealgate") + target;
      const before = clock.read();
      await load.ask({ url, requests, concurrency: CONCURRENCY, tokens: [], headers, expectedStatus });
      return (clock.read() - before) / requests;
    };
    const rows: string[][] = [];
    const ratios: Measured[] = [];
    for (const { name, shape, header: carrier, status, sizes } of ATTACKS) {
      progress(name);
      const row = [name];
      for (const size of sizes) {
        const text = shape(size);
        const plain = "a".repeat(text.length - 1);
        const ask = (value: string, expected: number): Promise<number> =>
          carrier === undefined ? measure(value, {}, expected) : measure("/none", { [carrier]: value }, expected);
        const attack = (): Promise<number> =>
          carrier === undefined ? ask(text, status) : measure("/api/x", { [carrier]: text }, status);
        const subjects = [
          { name: "404", measure: () => ask(carrier === undefined ? `/${plain}` : plain, 404) },
          { name: "attack", measure: attack },
        ];
        const results = await interleave(subjects, "404", effort.rounds);
        const [, result] = results;
        if (result === undefined) continue;
        ratios.push({ name, size: text.length, ratio: result.ratio.median, us: result.value.median });
        row.push(`${formatNumber(result.value.median)} µs, ${formatNumber(result.ratio.median)}`);
      }
      rows.push(row);
    }
    const worst = ratios.reduce((left, right) => (right.ratio > left.ratio ? right : left));
    const growths = ATTACKS.map(({ name }) => ({ name, growth: growthOf(ratios.filter((one) => one.name === name)) }));
    const [steepest] = growths.toSorted((left, right) => right.growth - left.growth);
    return {
      suite: "hostile",
      tables: [
        {
          title: "CPU per request, and over a plain 404 of the same length",
          head: ["attack", "small", "medium", "large"],
          rows,
          note: `Paths of ${PATH_SIZES.join(", ")} characters (${NON_ASCII_SIZES.join(", ")} beyond ASCII, ${TOLERATED_SIZES.join(", ")} where a rule tolerates oddities), headers of ${HEADER_SIZES.join(", ")}. None has a signature that is looked at.`,
        },
      ],
      budgets: [
        atMost(`hostile request over a plain 404 of its length, the worst: ${worst.name}`, MOST_OVER_404, worst.ratio),
        atMost(
          `hostile request, growth of its cost over that of its length, the worst: ${steepest?.name ?? "none"}`,
          MOST_GROWTH,
          steepest?.growth ?? Number.NaN,
        ),
      ],
      data: ratios,
    };
  } finally {
    load.close();
    await running.close();
  }
};

/** Of one attack: CPU of the largest over the second largest, divided by the same of the sizes. */
function growthOf(sizes: readonly Measured[]): number {
  const [second, last] = sizes.slice(-2);
  if (second === undefined || last === undefined) throw new TypeError("growth needs two sizes");
  return last.us / second.us / (last.size / second.size);
}
