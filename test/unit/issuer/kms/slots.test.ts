/** As many at once as there are slots, the rest in order; a wait that ends leaves no trace. */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { createSlots } from "../../../../issuer/kms/slots.ts";

const unaborted = new AbortController().signal;

/** What is in the list once all that can go on has gone on. */
async function settled<Value>(list: readonly Value[]): Promise<readonly Value[]> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return [...list];
}

describe("slots", () => {
  test("are given at once while some are free, and no more than there are", async () => {
    const slots = createSlots(2);
    const taken: number[] = [];
    for (const index of [0, 1, 2]) void slots.take(unaborted).then(() => taken.push(index));
    expect(await settled(taken)).toEqual([0, 1]);
  });

  test("that are given back go to those who wait, in the order in which they came", async () => {
    const slots = createSlots(1);
    const taken: number[] = [];
    const releases: (() => void)[] = [];
    for (const index of [0, 1, 2, 3]) {
      const take = async (): Promise<void> => {
        releases.push(await slots.take(unaborted));
        taken.push(index);
      };
      void take();
    }
    for (const expected of [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]) {
      expect(await settled(taken)).toEqual(expected);
      releases.at(-1)?.();
    }
  });

  test("for which no call waits are free again", async () => {
    const slots = createSlots(1);
    for (let round = 0; round < 3; round += 1) (await slots.take(unaborted))();
    expect(await slots.take(unaborted)).toBeTypeOf("function");
  });

  test("without a limit keep no caller waiting", async () => {
    const slots = createSlots(Number.POSITIVE_INFINITY);
    const taken = await Promise.all(Array.from({ length: 1000 }, () => slots.take(unaborted)));
    expect(taken).toHaveLength(1000);
  });
});

describe("a signal", () => {
  test("that has gone off already takes no slot, and its reason is thrown", async () => {
    const slots = createSlots(1);
    await expect(slots.take(AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
    expect(await slots.take(unaborted)).toBeTypeOf("function");
  });

  test("ends a wait with its reason, and the slot goes to the next one", async () => {
    const slots = createSlots(1);
    const release = await slots.take(unaborted);
    const impatient = new AbortController();
    const gone = slots.take(impatient.signal);
    const next = slots.take(unaborted);
    impatient.abort(new Error("too late"));
    await expect(gone).rejects.toThrow("too late");
    release();
    expect(await next).toBeTypeOf("function");
  });

  test("that ends every wait leaves the slot free", async () => {
    const slots = createSlots(1);
    const release = await slots.take(unaborted);
    const impatient = new AbortController();
    const waits = [slots.take(impatient.signal), slots.take(impatient.signal)];
    impatient.abort(new Error("too late"));
    for (const { status } of await Promise.allSettled(waits)) expect(status).toBe("rejected");
    release();
    expect(await slots.take(unaborted)).toBeTypeOf("function");
  });

  test("that goes off after the wait takes nothing away, and gives nothing back", async () => {
    const slots = createSlots(1);
    const release = await slots.take(unaborted);
    const late = new AbortController();
    const second = slots.take(late.signal);
    release();
    const releaseSecond = await second;
    expect(getEventListeners(late.signal, "abort")).toEqual([]);
    late.abort(new Error("too late"));
    const taken: number[] = [];
    void slots.take(unaborted).then(() => taken.push(3));
    expect(await settled(taken)).toEqual([]);
    releaseSecond();
    expect(await settled(taken)).toEqual([3]);
  });
});
