/** What a drawn history leaves time for. */
import { expect, test } from "vitest";
import { drawSchedule } from "./draw.ts";
import { FAMILIES } from "./families.ts";

test.each(Object.keys(FAMILIES))("every trouble is over before the ring has to be at rest: %s", (family) => {
  for (let index = 0; index < 200; index++) {
    const { deeds, busySeconds, quietSeconds, seed } = drawSchedule(`rest-${index}`, family);
    for (const deed of deeds) {
      const endSeconds = deed.atSeconds + ("forSeconds" in deed ? deed.forSeconds : 0);
      expect(endSeconds, `${seed}: ${deed.kind}`).toBeLessThanOrEqual(busySeconds + quietSeconds / 2);
    }
  }
});
