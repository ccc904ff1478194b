/**
 * `npm run soak -- --seconds 60`: load and soak of the local stack. Ends with exit code 1 when a good token was refused or a
 * bad one accepted. Reaches nothing but this machine.
 */
import { parseArgs } from "node:util";
import { runSoak } from "./soak.ts";
import { describeReport, problemsOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "300" },
    concurrency: { type: "string", default: "32" },
  },
});

function wholeNumber(name: keyof typeof values, most: number): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1 || value > most) {
    process.stderr.write(`--${name} must be a whole number from 1 to ${most}\n`);
    process.exit(2);
  }
  return value;
}

const options = {
  seconds: wholeNumber("seconds", 86_400),
  requestsPerSecond: wholeNumber("rate", 10_000),
  concurrency: wholeNumber("concurrency", 1000),
  random: Math.random,
};
process.stdout.write(
  `Soak: ${options.seconds} s, at most ${options.requestsPerSecond} requests a second, ${options.concurrency} at once.\n\n`,
);
const report = await runSoak(options);
process.stdout.write(`${describeReport(report)}\n\n`);
const problems = problemsOf(report);
for (const problem of problems) process.stdout.write(`FAILED  ${problem}\n`);
if (problems.length === 0) process.stdout.write("No good token was refused, no bad one accepted.\n");
process.exitCode = problems.length === 0 ? 0 : 1;
