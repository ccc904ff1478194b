/** A publisher against the fake Cloudflare API, both on one virtual clock: what the fault tests stand on. */
import { onTestFinished } from "vitest";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import type { CloudflareKvOptions } from "../../issuer/publish/cloudflare-kv-options.ts";
import { SealgateError } from "../../issuer/errors.ts";
import type { KeySetPublisher, Published } from "../../issuer/publish/publisher.ts";
import { startFakeCloudflare } from "./fake-cloudflare.ts";
import type { FakeCloudflare, SeenRequest } from "./fake-cloudflare.ts";
import { documentOf, ringOf } from "./publisher-contract.ts";
import { createVirtualClock } from "./virtual-clock.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export const MAIN = ringOf("main");
export const DOCUMENT = documentOf("the document");
export const REV = 1_800_000_000;

export interface Bench {
  readonly fake: FakeCloudflare;
  readonly clock: VirtualClock;
  readonly publisher: KeySetPublisher;
  readonly options: CloudflareKvOptions;
  /** Publishes {@link DOCUMENT} into the ring "main". */
  publish(): Promise<Published>;
  /** The fault that publishing ends with. */
  faultOfPublish(): Promise<SealgateError>;
  /** Reads and writes that reached the API, in order. */
  calls(): readonly SeenRequest["kind"][];
}

/**
 * @param overrides options of the publisher
 * @param serverAheadMs how far the API's clock is ahead of the publisher's
 */
export async function setUpBench(overrides: Partial<CloudflareKvOptions> = {}, serverAheadMs = 0): Promise<Bench> {
  const clock = createVirtualClock();
  const fake = await startFakeCloudflare({ epochMs: () => clock.epochMs() + serverAheadMs });
  onTestFinished(() => fake.close());
  const { baseUrl, namespaceId } = fake;
  const options: CloudflareKvOptions = { baseUrl, namespaceId, clock, ...overrides };
  const publisher = createCloudflareKvPublisher(options);
  const publish = (): Promise<Published> => publisher.publish(MAIN, DOCUMENT, REV);
  return {
    fake,
    clock,
    publisher,
    options,
    publish,
    faultOfPublish: () => faultOf(publish()),
    calls: () => fake.requests.map(({ kind }) => kind),
  };
}

/** The coded fault that a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<SealgateError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SealgateError) return error;
    throw error;
  }
  throw new Error("the test expected a fault");
}
