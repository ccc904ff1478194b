/** The revoking Lambda handler as it is deployed: the bundle is invoked, configured by environment alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RevokeAnswer } from "../../../../issuer/lambda/revoke.ts";
import { startBrokenDynamoDb, startDynamoDb } from "../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../support/dynamodb.ts";
import { makeKey, seconds, TEST_ISSUER } from "../../../support/key-sets.ts";
import { bundleForTest } from "../../../support/lambda-runtime.ts";
import type { BundledLambda } from "../../../support/lambda-runtime.ts";
import { serveRing } from "../../../support/served-ring.ts";
import type { ServedRing } from "../../../support/served-ring.ts";
import { jsonObject } from "../../../support/values.ts";

const TABLE = "sealgate-revocations";

let dynamodb: LocalDynamoDb;
let ring: ServedRing;
let lambda: BundledLambda<RevokeAnswer>;
let env: Readonly<Record<string, string>>;
let now: number;

beforeAll(async () => {
  now = Math.floor(Date.now() / 1000);
  await Promise.all([
    startDynamoDb().then((started) => (dynamodb = started)),
    serveRing(seconds(now)).then((served) => (ring = served)),
    bundleForTest<RevokeAnswer>("issuer/lambda/revoke.ts").then((bundled) => (lambda = bundled)),
  ]);
  await dynamodb.createTable(TABLE);
  env = {
    ...dynamodb.env,
    SEALGATE_ISSUER: TEST_ISSUER,
    SEALGATE_REVOCATION_TABLE: TABLE,
    ...ring.env,
  };
});
afterAll(async () => {
  await lambda.remove();
  await ring.gateway.close();
  await dynamodb.close();
});

describe("the bundled handler", () => {
  test("has nothing of KMS in it, nor of a Cloudflare API", () => {
    expect(lambda.inputs.filter((path) => /@aws-sdk\/client-(?:kms|secrets)|issuer\/publish\//.test(path))).toEqual([]);
  });

  test("takes back by token, jti, session and subject, and says from when it holds", async () => {
    const events = [
      { token: await ring.token({ exp: now + 3000 }) },
      { jti: "two", expiresAt: now + 600 },
      { sid: "session-17" },
      { sub: "user-1" },
    ];
    const { outcomes, metrics, stderr } = await lambda.invoke(
      events.map((event) => ({ event })),
      env,
    );
    expect(stderr).toBe("");
    const answers = outcomes.map(({ answer }) => answer);
    expect(answers).toMatchObject(events.map(() => ({ revoked: true, stored: [TABLE], failed: [] })));
    const listed = answers.flatMap((answer) => (answer?.revoked === true ? [answer.entry] : []));
    expect(listed.toSorted()).toEqual(await dynamodb.revocations(TABLE));
    expect(listed.map((entry) => entry.split("#")[1])).toEqual(["jti", "jti", "sid", "sub"]);
    const [first] = answers;
    if (first?.revoked !== true) throw new Error("the test expected an entry");
    expect(first.until).toBe(now + 3000 + 120);
    expect(first.refusedByOnSchedule - first.refusedBy).toBe(290);
    expect(metrics.map(jsonObject)).toMatchObject(events.map(() => ({ revocations: 1 })));
    expect(metrics.join()).not.toMatch(/session-17|user-1/);
  });

  test("a forged token revokes nothing, and the answer says so", async () => {
    const before = await dynamodb.revocations(TABLE);
    const event = { token: await ring.token({}, await makeKey("ES256")) };
    const { outcomes } = await lambda.invoke([{ event }], env);
    expect(outcomes).toEqual([{ answer: { revoked: false, rejection: "signature_invalid" } }]);
    expect(await dynamodb.revocations(TABLE)).toEqual(before);
  });

  test("a time before which no token can be alive takes nothing back, and the answer says so", async () => {
    const before = await dynamodb.revocations(TABLE);
    const events = [
      { jti: "three", expiresAt: now - 121 },
      { sub: "user-2", issuedBefore: 1000 },
    ];
    const { outcomes } = await lambda.invoke(
      events.map((event) => ({ event })),
      env,
    );
    expect(outcomes).toEqual(events.map(() => ({ answer: { revoked: false, rejection: "token_expired" } })));
    expect(await dynamodb.revocations(TABLE)).toEqual(before);
  });

  test("a fault fails the invocation by its code, is counted, and is not remembered", async () => {
    const broken = await startBrokenDynamoDb(400, "AccessDeniedException");
    const { outcomes, metrics } = await lambda.invoke(
      [
        { event: { sid: "s", session: "t" } },
        { event: { sid: "s" }, env: { SEALGATE_REVOCATION_TABLE: "" } },
        { event: { token: "a.b.c" }, env: { SEALGATE_REVOCATION_TABLE: TABLE, SEALGATE_GATEWAY: "" } },
        { event: { sid: "s" }, env: { SEALGATE_GATEWAY: ring.gateway.url } },
      ],
      { ...env, AWS_ENDPOINT_URL_DYNAMODB: broken.endpoint },
    );
    expect(outcomes.map(({ errorType }) => errorType)).toEqual([
      "input_invalid",
      "config_invalid",
      "config_invalid",
      "revocation_table_denied",
    ]);
    expect(outcomes[2]?.errorMessage).toContain("SEALGATE_GATEWAY is missing");
    // The ring is the default one, which is alarmed on by its name.
    expect(metrics.map(jsonObject).at(-1)).toMatchObject({
      revocation_failures: 1,
      ring: "main",
      code: "revocation_table_denied",
    });
    broken.close();
  });
});
