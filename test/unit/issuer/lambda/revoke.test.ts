/** The revoking Lambda handler as it is deployed: the bundle is invoked, configured by environment alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RevokeAnswer } from "../../../../issuer/lambda/revoke.ts";
import { startBrokenDynamoDb, startDynamoDb } from "../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../support/dynamodb.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../support/key-set-server.ts";
import { bundleForTest } from "../../../support/lambda-runtime.ts";
import type { BundledLambda } from "../../../support/lambda-runtime.ts";
import { jsonObject } from "../../../support/values.ts";

const TABLE = "sealgate-revocations";

let dynamodb: LocalDynamoDb;
let gateway: KeySetServer;
let key: TestKey;
let lambda: BundledLambda<RevokeAnswer>;
let env: Readonly<Record<string, string>>;
let now: number;

beforeAll(async () => {
  const [root] = await Promise.all([
    makeRoot(),
    startDynamoDb().then((started) => (dynamodb = started)),
    startKeySetServer().then((started) => (gateway = started)),
    makeKey("ES256").then((made) => (key = made)),
    bundleForTest<RevokeAnswer>("issuer/lambda/revoke.ts").then((bundled) => (lambda = bundled)),
  ]);
  now = Math.floor(Date.now() / 1000);
  gateway.serve(await signKeySet(makeDocument([key], seconds(now - 10)), root));
  await dynamodb.createTable(TABLE);
  env = {
    ...dynamodb.env,
    SEALGATE_ISSUER: TEST_ISSUER,
    SEALGATE_REVOCATION_TABLE: TABLE,
    SEALGATE_GATEWAY: gateway.url,
    TRUST_ANCHORS: JSON.stringify([root.jwk]),
  };
});
afterAll(async () => {
  await lambda.remove();
  await gateway.close();
  await dynamodb.close();
});

async function token(signer = key): Promise<string> {
  const claims = { iss: TEST_ISSUER, aud: "https://api.example.com", jti: "one", iat: now, exp: now + 3000 };
  return signToken(claims, signer, { kid: key.kid });
}

async function entries(): Promise<readonly string[]> {
  const items = await dynamodb.scan(TABLE);
  return items.flatMap(({ entry, expires_at: end }) =>
    end === undefined ? [] : [(entry as { readonly S: string }).S],
  );
}

describe("the bundled handler", () => {
  test("has nothing of KMS in it, nor of a Cloudflare API", () => {
    expect(lambda.inputs.filter((path) => /@aws-sdk\/client-(?:kms|secrets)|issuer\/publish\//.test(path))).toEqual([]);
  });

  test("takes back by token, jti, session and subject, and says from when it holds", async () => {
    const events = [
      { token: await token() },
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
    expect(listed.toSorted()).toEqual((await entries()).toSorted());
    expect(listed.map((entry) => entry.split("#")[1])).toEqual(["jti", "jti", "sid", "sub"]);
    const [first] = answers;
    if (first?.revoked !== true) throw new Error("the test expected an entry");
    expect(first.until).toBe(now + 3000 + 120);
    expect(first.refusedByOnSchedule - first.refusedBy).toBe(290);
    expect(metrics.map(jsonObject)).toMatchObject(events.map(() => ({ revocations: 1 })));
    expect(metrics.join()).not.toMatch(/session-17|user-1/);
  });

  test("a forged token revokes nothing, and the answer says so", async () => {
    const before = await entries();
    const event = { token: await token(await makeKey("ES256")) };
    const { outcomes } = await lambda.invoke([{ event }], env);
    expect(outcomes).toEqual([{ answer: { revoked: false, rejection: "signature_invalid" } }]);
    expect(await entries()).toEqual(before);
  });

  test("a fault fails the invocation by its code, is counted, and is not remembered", async () => {
    const broken = await startBrokenDynamoDb(400, "AccessDeniedException");
    const { outcomes, metrics } = await lambda.invoke(
      [
        { event: { sid: "s", session: "t" } },
        { event: { sid: "s" }, env: { SEALGATE_REVOCATION_TABLE: "" } },
        { event: { token: "a.b.c" }, env: { SEALGATE_REVOCATION_TABLE: TABLE, SEALGATE_GATEWAY: "" } },
        { event: { sid: "s" }, env: { SEALGATE_GATEWAY: gateway.url } },
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
    expect(metrics.map(jsonObject).at(-1)).toMatchObject({ revocation_failures: 1, code: "revocation_table_denied" });
    broken.close();
  });
});
