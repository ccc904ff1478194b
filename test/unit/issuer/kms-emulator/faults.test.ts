/** The faults that tests ask the embedded KMS for, as the real SDK sees them. */
import { CreateAliasCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import type { FaultKind, FaultRule } from "../../../../issuer/kms-emulator/index.ts";
import { clientOf, createKey, expectRefusal, setUp, START_MS } from "./support.ts";

describe("errors of the service", () => {
  test.each<readonly [FaultKind, string, number]>([
    ["throttle", "ThrottlingException", 400],
    ["internal_error", "KMSInternalException", 500],
    ["dependency_timeout", "DependencyTimeoutException", 500],
    ["key_unavailable", "KeyUnavailableException", 500],
    ["expired_credentials", "ExpiredTokenException", 400],
    ["access_denied", "AccessDeniedException", 400],
  ])("%s is answered as %s with status %i, as often as asked", async (kind, name, status) => {
    const { kms, client } = await setUp();
    kms.faults.add({ operation: "ListKeys", kind, times: 2 });
    for (let time = 0; time < 2; time += 1) {
      const call = client.send(new ListKeysCommand({}));
      await expect(call).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    }
    await client.send(new ListKeysCommand({}));
  });

  test("the SDK's own retries get past throttling that ends", async () => {
    const { kms } = await setUp();
    const retrying = clientOf(kms, { maxAttempts: 3 });
    kms.faults.add({ operation: "*", kind: "key_unavailable", times: 2 });
    const answer = await retrying.send(new ListKeysCommand({}));
    expect(answer.$metadata.attempts).toBe(3);
    expect(kms.requests.ListKeys).toBe(3);
  });

  test("a faulted operation is not carried out", async () => {
    const { kms, client } = await setUp();
    kms.faults.add({ operation: "CreateKey", kind: "throttle", times: 1 });
    await expectRefusal(createKey(client), "ThrottlingException");
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
  });
});

describe("faults of the connection", () => {
  test("a hung request is never answered: only the caller's own time-out ends it", async () => {
    const outcomes: string[] = [];
    const { kms } = await setUp({ onRequest: ({ outcome }) => outcomes.push(outcome) });
    kms.faults.add({ operation: "ListKeys", kind: "hang", times: 1 });
    const client = clientOf(kms, { requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true } });
    await expectRefusal(client.send(new ListKeysCommand({})), "TimeoutError");
    expect(outcomes).toEqual(["hang"]);
    await clientOf(kms).send(new ListKeysCommand({}));
  });

  test("closing the emulator ends a hung request", async () => {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { kms, client } = await setUp({ onRequest: () => reach() });
    kms.faults.add({ operation: "ListKeys", kind: "hang" });
    const hung = client.send(new ListKeysCommand({})).catch((error: unknown) => error);
    await reached;
    await kms.close();
    expect(await hung).toBeInstanceOf(Error);
  });

  test("closing the emulator ends a delayed request and its wait, which would keep the process alive", async () => {
    const { promise: read, resolve: atRead } = Promise.withResolvers<void>();
    const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<void>();
    let clockReads = 0;
    // The clock is read for the Date header and again once the request is read; then the wait begins.
    const now = (): number => {
      clockReads += 1;
      if (clockReads === 2) atRead();
      return START_MS;
    };
    const { kms, client } = await setUp({ now, onRequest: () => giveUp() });
    kms.faults.add({ operation: "ListKeys", kind: "latency", latencyMs: 3_600_000 });
    const delayed = client.send(new ListKeysCommand({})).catch((error: unknown) => error);
    await read;
    await kms.close();
    expect(await delayed).toBeInstanceOf(Error);
    await givenUp;
  });

  test("latency delays the request before it is carried out, while others go ahead", async () => {
    const order: (string | undefined)[] = [];
    const { kms, client } = await setUp({ onRequest: ({ operation }) => order.push(operation) });
    kms.faults.add({ operation: "CreateKey", kind: "latency", latencyMs: 400, times: 1 });
    const slow = createKey(client);
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
    await slow;
    expect(order).toEqual(["ListKeys", "CreateKey"]);
  });

  test("a reset cuts the connection before the operation is carried out", async () => {
    const { kms, client } = await setUp();
    kms.faults.add({ operation: "CreateKey", kind: "reset", times: 1 });
    await expect(createKey(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
  });

  test("a lost answer cuts the connection after it: a retry finds the work done", async () => {
    const { kms, client } = await setUp();
    const { keyId } = await createKey(client);
    kms.faults.add({ operation: "CreateAlias", kind: "lost_answer", times: 1 });
    const create = () => client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId }));
    await expect(create()).rejects.toMatchObject({ code: "ECONNRESET" });
    await expectRefusal(create(), "AlreadyExistsException");
  });

  test("a bad gateway answers 502 with HTML, which is no answer of KMS", async () => {
    const { kms, client } = await setUp();
    kms.faults.add({ operation: "*", kind: "bad_gateway", times: 1 });
    const call = client.send(new ListKeysCommand({}));
    await expect(call).rejects.toMatchObject({ $metadata: { httpStatusCode: 502 } });
    await client.send(new ListKeysCommand({}));
  });
});

describe("fault rules", () => {
  test("hit only their operation, let the first calls pass when asked, and can be taken back", async () => {
    const { kms, client } = await setUp();
    const takeBack = kms.faults.add({ operation: "ListKeys", kind: "throttle", after: 1 });
    await createKey(client);
    await client.send(new ListKeysCommand({}));
    await expectRefusal(client.send(new ListKeysCommand({})), "ThrottlingException");
    takeBack();
    await client.send(new ListKeysCommand({}));
    kms.faults.add({ operation: "*", kind: "throttle" });
    await expectRefusal(createKey(client), "ThrottlingException");
    kms.faults.clear();
    await createKey(client);
  });

  test.each<readonly [string, FaultRule]>([
    // @ts-expect-error a kind that does not exist
    ["an unknown kind", { operation: "*", kind: "explode" }],
    // @ts-expect-error an operation that does not exist
    ["an unknown operation", { operation: "Sing", kind: "throttle" }],
    ["a wrong signature outside Sign", { operation: "GetPublicKey", kind: "wrong_key" }],
    ["no hits", { operation: "*", kind: "throttle", times: 0 }],
    ["half a hit", { operation: "*", kind: "throttle", times: 0.5 }],
    ["a negative start", { operation: "*", kind: "throttle", after: -1 }],
    ["latency without a length", { operation: "*", kind: "latency" }],
    ["a length without latency", { operation: "*", kind: "throttle", latencyMs: 5 }],
    ["no length at all", { operation: "*", kind: "latency", latencyMs: 0 }],
  ])("with %s are refused", async (_case, rule) => {
    const { kms } = await setUp();
    expect(() => kms.faults.add(rule)).toThrow(TypeError);
  });
});
