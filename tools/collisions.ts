/**
 * `npm run collisions`: how many of 10^8 random tokens a revocation list of 100,000 entries refuses by chance. Takes some minutes;
 * meant for the night.
 *
 *   --tokens N    default 100000000
 *   --entries N   default 100000
 */
import { parseArgs } from "node:util";
import { countCollisions } from "../test/support/collisions.ts";

const { values } = parseArgs({
  options: { tokens: { type: "string", default: "100000000" }, entries: { type: "string", default: "100000" } },
});
const [tokens, entries] = [Number(values.tokens), Number(values.entries)];
if (!Number.isSafeInteger(tokens) || !Number.isSafeInteger(entries) || tokens < 1 || entries < 1) {
  console.error("--tokens and --entries must be whole numbers");
  process.exit(2);
}
const { found, expected, foundOfHalf, expectedOfHalf } = countCollisions(tokens, entries);
console.log(
  `${String(tokens)} tokens against ${String(entries)} entries: ${String(found)} refused by chance, expected ${expected.toExponential(1)}.`,
);
console.log(
  `Of the first 32 bits alone: ${String(foundOfHalf)}, expected ${expectedOfHalf.toFixed(0)} (prefixes are as random as they should be).`,
);
process.exitCode = found === 0 ? 0 : 1;
