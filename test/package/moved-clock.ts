/**
 * Loaded before a program (`node --import`): its `Date` runs ahead of this machine's by the milliseconds in the file that
 * `SEALGATE_TEST_CLOCK` names, or behind. Time passes for all programs of a test when the test writes another number.
 */
import { readFileSync } from "node:fs";

const path = process.env["SEALGATE_TEST_CLOCK"];
if (path === undefined) throw new Error("SEALGATE_TEST_CLOCK must name a file");
const RealDate = Date;
const nowMs = (): number => RealDate.now() + Number(readFileSync(path, "utf8"));

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget): object => {
    const made: unknown = Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget);
    return Object(made);
  },
  get: (target, name, receiver): unknown => (name === "now" ? nowMs : Reflect.get(target, name, receiver)),
});
