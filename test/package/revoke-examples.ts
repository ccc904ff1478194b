/** What the pages show of taking tokens back, executed with the packed package: each example has to leave its entries in the table. */
import { expect } from "vitest";
import type { Block, RevokeWay } from "../support/doc-examples.ts";
import { jsonObject } from "../support/values.ts";
import type { Lab } from "./examples-lab.ts";

/** Each line on stdin is an event. */
const EVENTS = `
import { handler } from "sealgate/lambda/revoke";
for await (const line of (await import("node:readline")).createInterface({ input: process.stdin })) {
  const answer = await handler(JSON.parse(line));
  console.log(JSON.stringify(answer));
}
`;

/** When the examples of the pages were made. */
const PAGE_NOW = 1_795_827_899;

/** @param anchorsOf the ring's root keys, for the gateway that verifies */
export function createRevokeWays(
  lab: () => Lab,
  anchorsOf: () => string,
): Readonly<Record<RevokeWay, (block: Block) => Promise<void>>> {
  let serveUrl = "";
  /** Kinds of the entries that the work has added, sorted. */
  const added = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const before = new Set(await lab().revocations());
    await work();
    const entries = (await lab().revocations()).filter((entry) => !before.has(entry));
    return entries.map((entry) => entry.split("#")[1] ?? "").toSorted();
  };
  return {
    async "revoke module"({ code }) {
      await lab().write("revoke.mjs", code);
      // Another page takes the same session back, which makes one entry a minute.
      await lab().pass(60);
      expect(await added(() => lab().shell("revoke", "node revoke.mjs"))).toEqual(["jti", "sid", "sub"]);
    },
    async "revoke shell"({ page, code }) {
      await lab().gateway.deploy({ TRUST_ANCHORS: anchorsOf() });
      // The clock of the lab is behind, so that times of the page have not come for it.
      expect(await added(() => lab().shell(page, code))).toEqual(expect.arrayContaining(["jti", "jti", "sub"]));
    },
    async "revoke serve"({ page, code }) {
      const running = lab().start("bash", ["-c", `${lab().session(page)}\nexec ${code.trim()} --port 0 --json`]);
      const { url } = jsonObject(await running.line());
      if (typeof url !== "string") throw new Error("serve prints its URL");
      serveUrl = url;
    },
    async "revoke request"({ page, code }) {
      await lab().shell(page, "sealgate token sign --audience https://api.example.com > stolen");
      await lab().pass(60);
      const here = code.replaceAll("http://127.0.0.1:8788", serveUrl);
      expect(await added(() => lab().shell(page, here))).toEqual(["jti", "sid"]);
    },
    async "revoke events"({ page, code }) {
      await lab().write("revoke-events.mjs", EVENTS);
      await lab().pass(60);
      const now = Math.floor(Date.now() / 1000) - lab().secondsLeft();
      const moved = code.replaceAll(/\b\d{10}\b/g, (time) => String(Number(time) - PAGE_NOW + now));
      await lab().write("events", moved);
      const answers = (await lab().shell(page, "node revoke-events.mjs < events")).trim().split("\n").map(jsonObject);
      expect(answers.filter(({ revoked }) => revoked === true)).toHaveLength(3);
    },
  };
}
