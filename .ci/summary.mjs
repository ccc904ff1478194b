/**
 * Prints `N passed, N failed` from the test runner's JSON report; a missing report, or one without tests, is a failure.
 * The first argument is how many other steps have failed: the last line must not say that nothing has.
 */
import { readFileSync } from "node:fs";

const failedSteps = Number(process.argv[2] ?? 0);
let report;
try {
  report = JSON.parse(readFileSync("reports/vitest.json", "utf8"));
} catch {
  console.log("no test report was written");
  console.log(`0 passed, ${1 + failedSteps} failed`);
  process.exit(1);
}
const skipped = report.numPendingTests + report.numTodoTests;
// A file that could not even be loaded has no test to count, and is a failure all the same.
const failed =
  failedSteps +
  report.numFailedTests +
  report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 && report.numPassedTests > 0 ? 0 : 1);
