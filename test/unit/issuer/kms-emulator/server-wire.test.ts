/** The wire protocol of the embedded KMS, octet by octet where the SDK would hide it. */
import { connect } from "node:net";
import { EncryptCommand, GenerateMacCommand, KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { describe, expect, test, vi } from "vitest";
import type { KmsEmulator } from "../../../../issuer/kms-emulator/index.ts";
import { UNBUILT_OPERATIONS } from "../../../../issuer/kms-emulator/operation-names.ts";
import { createKey, onCleanUp, expectRefusal, setUp, START_MS } from "./support.ts";

const AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/us-east-1/kms/aws4_request, Signature=00";

interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A call as an SDK of any language writes it: KMS's wire protocol by hand. */
async function call(
  kms: KmsEmulator,
  target: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const answer = await fetch(kms.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": target,
      authorization: AUTHORIZATION,
      ...headers,
    },
    body,
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

function errorNameOf({ text }: RawAnswer): string | undefined {
  return /^{"__type":"(\w+)","message":/.exec(text)?.[1];
}

describe("the wire protocol", () => {
  test("an SDK client that is told nothing but AWS_ENDPOINT_URL_KMS reaches the emulator", async () => {
    const { kms } = await setUp();
    const environment = {
      AWS_ENDPOINT_URL_KMS: kms.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    onCleanUp(() => void vi.unstubAllEnvs());
    const client = new KMSClient({});
    onCleanUp(() => client.destroy());
    const { keyId } = await createKey(client);
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([
      { KeyId: keyId, KeyArn: `arn:aws:kms:us-east-1:111122223333:key/${keyId}` },
    ]);
  });

  test("is AWS JSON 1.1: blobs in base64, dates in epoch seconds, errors as __type and message", async () => {
    const { kms, client } = await setUp();
    const { keyId, arn } = await createKey(client);
    const described = await call(kms, "TrentService.DescribeKey", JSON.stringify({ KeyId: keyId }));
    expect(described.status).toBe(200);
    expect(described.headers.get("content-type")).toBe("application/x-amz-json-1.1");
    expect(described.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(described.text)).toMatchObject({ KeyMetadata: { Arn: arn, CreationDate: START_MS / 1000 } });
    const Message = Buffer.from("m").toString("base64");
    const signed = await call(
      kms,
      "TrentService.Sign",
      JSON.stringify({ KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message }),
    );
    expect(JSON.parse(signed.text)).toMatchObject({ Signature: expect.stringMatching(/^ME[A-Za-z0-9+/]+=*$/) });
    const missing = await call(kms, "TrentService.DescribeKey", JSON.stringify({ KeyId: "alias/none" }));
    expect(missing.status).toBe(400);
    expect(JSON.parse(missing.text)).toEqual({
      __type: "NotFoundException",
      message: "Alias arn:aws:kms:us-east-1:111122223333:alias/none is not found.",
    });
    const aliasName = JSON.stringify({ AliasName: "alias/a", TargetKeyId: keyId });
    expect((await call(kms, "TrentService.CreateAlias", aliasName)).text).toBe("");
  });

  test("the Date header follows the emulator's clock, as a KMS whose clock differs would", async () => {
    const { kms, clock } = await setUp();
    clock.ms = START_MS + 300_000;
    const { headers } = await call(kms, "TrentService.ListKeys", "{}");
    expect(Date.parse(headers.get("date") ?? "")).toBe(clock.ms);
  });

  test("every operation that is not built says so; a name KMS does not know is unknown", async () => {
    const { kms, client } = await setUp();
    const { keyId } = await createKey(client);
    const encrypt = client.send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from("x") }));
    expect(await expectRefusal(encrypt, "UnsupportedOperationException")).toContain("Encrypt");
    const mac = client.send(
      new GenerateMacCommand({ KeyId: keyId, Message: Buffer.from("x"), MacAlgorithm: "HMAC_SHA_256" }),
    );
    await expectRefusal(mac, "UnsupportedOperationException");
    for (const operation of UNBUILT_OPERATIONS) {
      const answer = await call(kms, `TrentService.${operation}`, "{}");
      expect([operation, errorNameOf(answer)]).toEqual([operation, "UnsupportedOperationException"]);
      expect(answer.text).toContain(operation);
    }
    for (const target of [
      "TrentService.Sing",
      "TrentService.",
      "DynamoDB_20120810.Sign",
      "Sign",
      "TrentService.toString",
    ]) {
      expect([target, errorNameOf(await call(kms, target, "{}"))]).toEqual([target, "UnknownOperationException"]);
    }
  });

  test("a request without credentials is refused; one with any credentials is not", async () => {
    const { kms } = await setUp();
    for (const authorization of ["", "Bearer token", "Basic dXNlcg=="]) {
      const answer = await call(kms, "TrentService.ListKeys", "{}", { authorization });
      expect(answer.status).toBe(400);
      expect(errorNameOf(answer)).toBe("MissingAuthenticationTokenException");
    }
    expect((await call(kms, "TrentService.ListKeys", "{}")).status).toBe(200);
  });

  test("a body that is not one JSON object of the right types is refused", async () => {
    const { kms, client } = await setUp();
    const { keyId } = await createKey(client);
    const sign = { KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message: "AAAA" };
    const bodies = [
      "{",
      "[]",
      "null",
      `{"KeyId":"${keyId}","KeyId":"${keyId}"}`,
      JSON.stringify({ ...sign, KeyId: 1 }),
      JSON.stringify({ ...sign, Message: "not base64!" }),
      JSON.stringify({ ...sign, Message: "AAA" }),
      JSON.stringify({ ...sign, Message: "_-8=" }),
      JSON.stringify({ ...sign, Message: 5 }),
      JSON.stringify({ ...sign, DryRun: "yes" }),
    ];
    for (const body of bodies) {
      expect([body, errorNameOf(await call(kms, "TrentService.Sign", body))]).toEqual([body, "SerializationException"]);
    }
    for (const member of ["KeyId", "SigningAlgorithm", "Message"]) {
      const body = JSON.stringify({ ...sign, [member]: undefined });
      expect([member, errorNameOf(await call(kms, "TrentService.Sign", body))]).toEqual([
        member,
        "ValidationException",
      ]);
    }
  });

  test("answers only to loopback names, so that a web page cannot reach it under its own", async () => {
    const { kms } = await setUp();
    const statusFor = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(kms.port, "127.0.0.1", () => {
          socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        });
        let text = "";
        socket.on("data", (chunk) => (text += chunk.toString()));
        socket.on("end", () => resolve(text.split(" ")[1] ?? ""));
        socket.on("error", reject);
      });
    for (const host of ["127.0.0.1", `localhost:${kms.port}`, "kms.localhost:80", "[::1]:1"])
      expect(await statusFor(host)).toBe("200");
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"]) {
      expect([host, await statusFor(host)]).toEqual([host, "403"]);
    }
  });

  test("a body over 128 KiB is answered with 413, and the emulator goes on", async () => {
    const { kms } = await setUp();
    const atLimit = `{"Marker":null}${" ".repeat(128 * 1024 - 15)}`;
    expect((await call(kms, "TrentService.ListKeys", atLimit)).status).toBe(200);
    const answer = await call(kms, "TrentService.ListKeys", `${atLimit} `);
    expect(answer.status).toBe(413);
    expect((await call(kms, "TrentService.ListKeys", "{}")).status).toBe(200);
  });

  test("a client that leaves in the middle of its body harms nobody", async () => {
    const { kms } = await setUp();
    await new Promise<void>((resolve, reject) => {
      const socket = connect(kms.port, "127.0.0.1", () => {
        socket.write("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{", () =>
          socket.resetAndDestroy(),
        );
      });
      socket.on("error", reject);
      socket.on("close", () => resolve());
    });
    expect((await call(kms, "TrentService.ListKeys", "{}")).status).toBe(200);
  });
});
