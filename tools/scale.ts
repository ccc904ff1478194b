/**
 * `node tools/scale.ts`: docs/scale.md and the README's table of costs, reckoned from measured figures and published prices and
 * quotas. A test holds both to what this prints. Nothing here was run at such a scale.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEFAULT_TIMING } from "../shared/timing.ts";
import { writeCosts } from "./cost.ts";
import {
  BUSY_SHARE,
  count,
  dollars,
  isolatesFor,
  kvReadsFor,
  MEASURED,
  PRICES,
  SECONDS_PER_MONTH,
  table,
} from "./figures.ts";

/** KMS's default for RSA and for ECC keys, each: signatures a second per account and Region. Can be raised on request. */
const KMS_QUOTA = 1000;

const REQUEST_RATES = [10, 10_000, 1_000_000];
const TOKEN_RATES = [1, 1000, 20_000];
const LOCATIONS = [1, 300];

function perMonth(perSecond: number, dollarsPerMillion: number): number {
  return (perSecond * SECONDS_PER_MONTH * dollarsPerMillion) / 1_000_000;
}

function trafficRow(requests: number, locations: number): readonly string[] {
  const isolates = isolatesFor(requests, locations);
  const reads = kvReadsFor(isolates);
  const cpuMs = (requests * MEASURED.request) / 1000;
  const workers = perMonth(requests, PRICES.workersPerMillionRequests) + perMonth(cpuMs, PRICES.workersPerMillionCpuMs);
  return [
    count(requests),
    count(locations),
    count(isolates),
    reads < 10 ? reads.toFixed(1) : count(reads),
    dollars(workers),
    dollars(perMonth(reads, PRICES.kvPerMillionReads)),
  ];
}

function signingRow(tokens: number): readonly string[] {
  const times = (price: number): string => dollars(perMonth(tokens, price * 100));
  return [
    count(tokens),
    tokens > KMS_QUOTA
      ? `${count(tokens / KMS_QUOTA)} times the default`
      : tokens === KMS_QUOTA
        ? "at the default"
        : "far below",
    times(PRICES.kmsRsa2048Per10000),
    times(PRICES.kmsOthersPer10000),
    `${((tokens * MEASURED.newTokenRs256) / 1e6).toFixed(3)} / ${((tokens * MEASURED.newTokenEs256) / 1e6).toFixed(3)}`,
  ];
}

/** @returns the page, with its line's end */
export function scalePage(): string {
  const traffic = REQUEST_RATES.flatMap((rate) => LOCATIONS.map((locations) => trafficRow(rate, locations)));
  const capacity = count((BUSY_SHARE * 1_000_000) / MEASURED.request);
  return `# Scale: what grows, what it costs, what breaks first

Reckoned by \`node tools/scale.ts\`, from the figures of [one run of the benchmark](performance-run.md) and from list prices and quotas of 2026,
without free allowances. **Nothing on this page was run at such a scale, or on production AWS or Cloudflare.** Look up the prices before you
decide. Words: [glossary](glossary.md).

## Checking tokens

Per month, one ring. *Locations* are Cloudflare's data centres that your clients reach. Cloudflare does not say how many isolates it starts: the
column assumes one per location at least, and one for every ${capacity} requests a second.

${table(["requests/s", "locations", "isolates", "KV reads/s", "Workers", "KV reads"], traffic)}

- **KV is not what grows.** An isolate reads the key set ${MEASURED.kvReadsPerMemoryTtl} times in ${DEFAULT_TIMING.memoryTtlSeconds} s, at any traffic. KV has no limit on reads of one key;
  it has one on writes (one a second), and a ring writes a few times a day.
- **Workers requests are the bill**, with or without sealgate. An origin that verifies by itself ([verify](verify.md)) needs no gateway for
  traffic inside your network.
- **Memory**: an isolate remembers the last 4096 tokens, at any traffic.

## Signing tokens

Per month, for KMS alone. CPU is what gateways spend on first sight of these tokens, in cores, all isolates together, if each token is seen by
one isolate.

${table(["new tokens/s", "KMS quota", "RSA_2048", "other keys", "cores at the edge, RS256 / ES256"], TOKEN_RATES.map(signingRow))}

## What breaks first, and which lever moves it

| it breaks | at | lever |
|---|---|---|
| KMS throttles signatures | ${count(KMS_QUOTA)} new tokens a second per account and Region, by default | longer-lived tokens: twice the lifetime is half the signatures; a higher quota; a ring per Region (\`createIssuer({ rings })\`) |
| the KMS bill | ${dollars(perMonth(KMS_QUOTA, PRICES.kmsOthersPer10000 * 100))} a month at ${count(KMS_QUOTA)} ES256 tokens a second | RS256 with a 2048-bit key costs a fifth; longer-lived tokens |
| one signing process | 2,500 to 4,000 tokens a second and core | more processes; \`maxSockets\` is 50 calls at once |
| the Workers bill | ${dollars(perMonth(10_000, PRICES.workersPerMillionRequests))} a month per 10,000 requests a second | verify in the origin server for internal traffic |
| Workers on the free plan | 100,000 requests a day | the paid plan; set the route to fail closed |
| KV reads on the free plan | 100,000 a day: about ${count(100_000 / ((86_400 / DEFAULT_TIMING.memoryTtlSeconds) * MEASURED.kvReadsPerMemoryTtl))} isolates that are busy all day | raise \`memoryTtlSeconds\` (M) in the policy: 300 divides the reads by ten, and adds 270 s to S |

What does not grow: the size of the key set (two to four keys), the time to verify with more keys, the number of KMS keys with
\`deleteAfterDays\` (see [what a ring costs](key-lifecycle.md#what-a-ring-costs)).
`;
}

if (import.meta.main) {
  writeFileSync(fileURLToPath(new URL("../docs/scale.md", import.meta.url)), scalePage());
  writeCosts();
}
