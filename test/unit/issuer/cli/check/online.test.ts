/**
 * Mistakes that only AWS, Cloudflare or the deployed gateway can show, each planted in a ring at rest in the embedded KMS and
 * a fake of Cloudflare's API: the check names it with the right repair, and finds nothing in the ring without it.
 */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import type { CheckName } from "../../../../../issuer/cli/check/row.ts";
import { DEAD_TOKEN } from "../../../../support/fake-cloudflare.ts";
import { given } from "../../../../support/values.ts";
import { gatewayHealth } from "../../../../support/gateway-health.ts";
import { mistakes, only, startChecked } from "./checked.ts";
import type { Changes, Checked } from "./checked.ts";
import { ANCHORS, workerConfig } from "./support.ts";

test("nothing is wrong with a ring at rest, and each check says what it has seen", async () => {
  const { rows } = await startChecked();
  const found = await rows();
  expect(mistakes(found)).toEqual([]);
  expect(found.map(({ check, status }) => [check, status])).toEqual(
    (["rights", "keys", "ring", "anchors", "api_token", "document", "clocks", "gateway"] satisfies CheckName[]).map(
      (check) => [check, "ok"],
    ),
  );
});

test("of an issuer with several rings, the first is looked at", async () => {
  const { cli, rows } = await startChecked();
  const found = await rows({ env: { SEALGATE_RING: `${given(cli.env["SEALGATE_RING"])}, west` } });
  expect(mistakes(found)).toEqual([]);
});

test("it says whose rights were tried", async () => {
  const { rows } = await startChecked();
  const [rights] = await rows();
  expect(rights?.message).toMatch(/access key AKIDEXAMPLE in us-east-1 have the rights of a signer and of a rotator/);
});

interface Planted {
  readonly mistake: string;
  readonly plant: (checked: Checked) => Promise<Changes | void> | Changes | void;
  readonly found: RegExp;
}

const PLANTED: readonly Planted[] = [
  {
    mistake: "another ring's root key is pinned",
    plant: () => ({ anchors: ANCHORS }),
    found:
      /^anchors: TRUST_ANCHORS does not pin the root key .* → Run sealgate ring anchors, and put the line that it prints into \[env\.production\.vars\]\.$/m,
  },
  {
    mistake: "a stranger's key is pinned beside the root key",
    plant: ({ anchors }) => ({ anchors: `${anchors.slice(0, -1)},${ANCHORS.slice(1)}` }),
    found:
      /^anchors: TRUST_ANCHORS pins \S+, which is not an enabled root key of this ring: .* → Run sealgate ring anchors/m,
  },
  {
    mistake: "the key that signs is disabled",
    async plant({ cli }) {
      await cli.kms.client.send(new DisableKeyCommand({ KeyId: (await cli.generation(1)).keyArn }));
    },
    found:
      /^keys: The key of generation 1, which signs, is in the state Disabled\. → .*sealgate ring reconcile, which lets another key sign/m,
  },
  {
    mistake: "the role may not sign",
    plant({ cli }) {
      cli.kms.emulator.faults.add({ operation: "Sign", kind: "access_denied" });
    },
    found:
      /^rights: .* are not enough for a signer\. Denied: kms:Sign on alias\/sealgate\/main\/active.* → Allow kms:Sign on alias\/sealgate\/main\/active in the IAM policy of the signer/m,
  },
  {
    mistake: "a rotator is asked for, and the credentials are a signer's",
    plant({ cli }) {
      cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
      return { options: { role: "rotator" } };
    },
    found: /^rights: .* → Allow kms:ListAliases in the IAM policy of the rotator/m,
  },
  {
    mistake: "the API token is dead",
    plant({ cli }) {
      cli.cloudflare.script({ on: "read", times: 99, does: DEAD_TOKEN });
    },
    found: /^api_token: .*answered 403.* → Give the token the permission Workers KV Storage: Edit/m,
  },
  {
    mistake: "the API token may only read",
    plant({ cli }) {
      cli.cloudflare.script({ on: "write", times: 99, does: DEAD_TOKEN });
      return { options: { mayWrite: true } };
    },
    found: /^api_token: .*answered 403.* → Give the token the permission Workers KV Storage: Edit/m,
  },
  {
    mistake: "something else lies where the key set should be",
    plant: ({ cli }) => cli.overwrite("not a key set"),
    found: /^document: The Worker would refuse the key set in KV: key_set_malformed\. → Run sealgate ring reconcile/m,
  },
  {
    mistake: "the Worker expects another issuer",
    plant: () => ({ env: { SEALGATE_ISSUER: "https://login.example.com" } }),
    found:
      /^document: .*key_set_wrong_issuer\. → Make ISSUER of the Worker and SEALGATE_ISSUER of the rotator the same/m,
  },
  {
    mistake: "MIN_REV is higher than what is published",
    plant: () => ({ vars: { MIN_REV: "9000000000000000" } }),
    found: /^document: .*key_set_rev_too_low\. → Lower MIN_REV to the rev that sealgate ring status shows/m,
  },
  {
    mistake: "the rotator has stopped",
    plant({ cli }) {
      cli.pass(86_400 / 2 + 300 + 30 + 60 + 60);
    },
    found:
      /^document: The key set should have been renewed (?:1 min|\d+ s)\b.* ago: .* → Run sealgate ring reconcile, and see that the schedule/m,
  },
  {
    mistake: "this host's clock is behind",
    plant: ({ cli }) => ({ io: { nowMs: () => cli.clock.epochMs() - 90_000 } }),
    found: /^clocks: This host's clock is 90 s behind that of KMS\. → Let NTP set this host's clock/m,
  },
  {
    mistake: "the gateway has no keys",
    plant({ gateway }) {
      gateway.answer((response) => {
        response
          .writeHead(503)
          .end(JSON.stringify(gatewayHealth({ status: "unavailable", problem: "key_set_missing" })));
      });
    },
    found:
      /^gateway: The gateway says that it is unavailable \(key_set_missing\)\. → See the code in docs\/errors\.md/m,
  },
  {
    mistake: "the gateway reads another namespace",
    plant({ gateway }) {
      gateway.serve(JSON.stringify(gatewayHealth({ status: "ok", rev: 9e15, source: "memory", ageSeconds: 1 })));
    },
    found: /^gateway: The gateway has a newer key set than KV holds\. → See that the gateway reads the namespace/m,
  },
  {
    mistake: "the address is not a gateway's",
    plant({ gateway }) {
      gateway.serve("<html>");
    },
    found: /^gateway: .* does not answer as a gateway .* → Deploy the Worker/m,
  },
];

describe("a mistake is named with its repair (the ring without it is in the first test):", () => {
  test.for(PLANTED)("$mistake", async ({ plant, found }) => {
    const checked = await startChecked();
    const changes = await plant(checked);
    expect(mistakes(await checked.rows(changes ?? {})).join("\n")).toMatch(found);
  });
});

test("a ring that was never made", async () => {
  const { rows } = await startChecked(["status"]);
  const found = mistakes(await rows());
  expect(found.join("\n")).toMatch(/^keys: .* → Create the ring: sealgate ring init\.$/m);
  expect(found.join("\n")).toMatch(/^ring: root_missing: .* → Create the ring: sealgate ring init\.$/m);
  expect(found.join("\n")).toMatch(/^document: KV holds no key set of this ring\. → Create the ring/m);
});

test("a signer's credentials see no ring, and are enough", async () => {
  const { cli, rows } = await startChecked();
  for (const operation of ["ListAliases", "ListKeys"] as const)
    cli.kms.emulator.faults.add({ operation, kind: "access_denied" });
  const found = await rows();
  expect(mistakes(found)).toEqual([]);
  expect(found[0]?.message).toContain("have the rights of a signer. Denied: kms:ListAliases, kms:ListKeys.");
  expect(only(found, "skipped").map(({ check }) => check)).toEqual(["keys", "ring", "anchors"]);
});

test("what has no credentials is skipped with a word", async () => {
  const { cli, rows } = await startChecked();
  const env = { SEALGATE_KV_BASE_URL: "", AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
  delete process.env["AWS_ACCESS_KEY_ID"];
  delete process.env["AWS_SECRET_ACCESS_KEY"];
  const found = await rows({ env, options: { gateway: undefined, config: workerConfig({ routes: [] }) } });
  expect(mistakes(found)).toEqual([]);
  expect(only(found, "skipped").map(({ check, message }) => `${check}: ${message}`)).toEqual([
    ...["rights", "keys", "ring", "anchors"].map(
      (check) => `${check}: The AWS SDK finds no Region or no usable credentials here.`,
    ),
    ...["api_token", "document"].map(
      (check) => `${check}: Neither CLOUDFLARE_API_TOKEN nor SEALGATE_CLOUDFLARE_TOKEN_SECRET is set here.`,
    ),
    "gateway: The configuration names no hostname that could be asked: name the gateway with --gateway.",
  ]);
  expect(cli.cloudflare.requests.every(({ kind }) => kind !== "other")).toBe(true);
});

test("nothing is written, unless it is asked for: then an entry that expires", async () => {
  const { cli, rows } = await startChecked();
  const writes = (): number => cli.cloudflare.requests.filter(({ kind }) => kind === "write").length;
  const before = writes();
  await rows();
  expect(writes()).toBe(before);
  const found = await rows({ options: { mayWrite: true } });
  expect(found.find(({ check }) => check === "api_token")?.message).toBe(
    "The API token may read and write the KV namespace.",
  );
  expect(cli.cloudflare.stored("sealgate-check")).toBe("written by sealgate check");
  expect(given(cli.stored())).toMatch(/^ey/);
});
