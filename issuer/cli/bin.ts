#!/usr/bin/env node
/**
 * The installed `sealgate` command. It looks at Node's version before anything is loaded that an older Node cannot load, and
 * says in one line what is needed; so this file imports nothing, and is written in what such a Node understands.
 */

/** As `engines` in package.json says; a test compares. */
export const LEAST_NODE: readonly [number, number] = [22, 12];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
  process.stderr.write(
    `sealgate needs Node ${LEAST_NODE.join(".")} or newer; this is Node ${process.versions.node}.\n`,
  );
  // Of EXIT.usage: nothing was attempted.
  process.exitCode = 2;
} else {
  void import("./main.ts");
}
