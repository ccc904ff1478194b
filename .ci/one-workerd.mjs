/** Tests, local stack and deployment tool must run the same workerd: fails when the tree holds a second one. */
import { execFileSync } from "node:child_process";

const tree = JSON.parse(execFileSync("npm", ["ls", "workerd", "--all", "--json"], { encoding: "utf8" }));
const versions = new Set();
(function collect(dependencies) {
  for (const [name, node] of Object.entries(dependencies ?? {})) {
    if (name === "workerd") versions.add(node.version);
    collect(node.dependencies);
  }
})(tree.dependencies);
console.log(`workerd: ${[...versions].join(", ")}`);
process.exit(versions.size === 1 ? 0 : 1);
