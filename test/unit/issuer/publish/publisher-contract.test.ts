/** The contract of a publisher, on the fake Cloudflare API with authentication and its write limit. */
import { startFakeCloudflare } from "../../../support/fake-cloudflare.ts";
import { describePublisherContract } from "../../../support/publisher-contract.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

const API_TOKEN = "token-of-the-contract";

describePublisherContract("the fake Cloudflare API", async () => {
  const clock = createVirtualClock();
  const fake = await startFakeCloudflare({ epochMs: () => clock.epochMs(), apiToken: API_TOKEN });
  const { baseUrl, namespaceId } = fake;
  return {
    options: { baseUrl, namespaceId, apiToken: API_TOKEN, clock },
    afterASecond: () => {
      clock.advance(1000);
    },
    close: () => fake.close(),
  };
});
