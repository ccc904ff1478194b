/**
 * `npm run lock`: writes the hashes that npm leaves out of package-lock.json. npm records no `integrity` for optional binaries
 * of other platforms, so a Mac would install them unchecked. The hashes come from the registry's metadata
 * (`npm view NAME@VERSION dist.integrity`); nothing that is already recorded is changed.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
let completed = 0;
for (const [location, entry] of Object.entries(lock.packages)) {
  if (location === "" || entry.integrity !== undefined) continue;
  const name = entry.name ?? location.slice(location.lastIndexOf("node_modules/") + "node_modules/".length);
  const args = ["view", `${name}@${entry.version}`, "dist.integrity"];
  const integrity = execFileSync("npm", args, { encoding: "utf8" }).trim();
  if (!/^sha512-[\w+/]+=*$/.test(integrity)) throw new Error(`${name}@${entry.version} has no sha512 hash`);
  // npm writes `integrity` directly after `version`.
  const { version, ...rest } = entry;
  lock.packages[location] = { version, integrity, ...rest };
  completed += 1;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${completed} hashes added`);
