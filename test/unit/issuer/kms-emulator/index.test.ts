/** An embedded KMS from its start to its end: loopback only, says what it is, counts, closes cleanly. */
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { DescribeKeyCommand, EncryptCommand, ListKeysCommand, SignCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { KmsEmulatorError, startKmsEmulator } from "../../../../issuer/kms-emulator/index.ts";
import { clientOf, createKey, onCleanUp, expectRefusal, setUp, START_MS } from "./support.ts";

describe("an emulator", () => {
  test("listens on loopback only", async () => {
    const { kms } = await setUp();
    expect(kms.url).toBe(`http://127.0.0.1:${kms.port}`);
    const outside = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    for (const { address, family, internal } of outside) {
      if (internal || family !== "IPv4") continue;
      const outcome = await new Promise<string>((resolve) => {
        const socket = connect(kms.port, address, () => resolve("connected"));
        socket.on("error", () => resolve("refused"));
      });
      expect([address, outcome]).toEqual([address, "refused"]);
    }
  });

  test("says in its banner, and to a browser, that it is not a KMS and where the private keys are", async () => {
    const { kms } = await setUp();
    expect(kms.banner()).toContain("NOT a KMS");
    expect(kms.banner()).toContain("in the memory of this process");
    expect(kms.banner()).toContain(`AWS_ENDPOINT_URL_KMS=${kms.url}`);
    expect(await (await fetch(kms.url)).text()).toBe(`${kms.banner()}\n`);
    expect((await fetch(kms.url, { method: "PUT" })).status).toBe(405);
  });

  test("counts requests for each operation and reports them without messages or signatures", async () => {
    const entries: unknown[] = [];
    const { kms, client } = await setUp({ onRequest: (entry) => entries.push(entry) });
    const { keyId } = await createKey(client);
    await client.send(
      new SignCommand({ KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("canary") }),
    );
    await expectRefusal(client.send(new DescribeKeyCommand({ KeyId: "alias/none" })), "NotFoundException");
    await expectRefusal(
      client.send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from("x") })),
      "UnsupportedOperationException",
    );
    expect(kms.requests).toMatchObject({ CreateKey: 1, Sign: 1, DescribeKey: 1, Verify: 0 });
    expect(entries).toEqual([
      { operation: "CreateKey", keyId: undefined, outcome: "ok", atMs: START_MS },
      { operation: "Sign", keyId, outcome: "ok", atMs: START_MS },
      { operation: "DescribeKey", keyId: "alias/none", outcome: "NotFoundException", atMs: START_MS },
      { operation: undefined, keyId: undefined, outcome: "UnsupportedOperationException", atMs: START_MS },
    ]);
  });

  test("takes a free port by default, and says so when the port it is given is taken", async () => {
    const { kms } = await setUp();
    const second = await startKmsEmulator();
    onCleanUp(() => second.close());
    expect(second.port).not.toBe(kms.port);
    const third = startKmsEmulator({ port: kms.port });
    await expect(third).rejects.toThrow(KmsEmulatorError);
    await expect(third).rejects.toMatchObject({ code: "kms_emulator_port_unavailable" });
  });

  test("closes with connections kept alive, and closing twice is no error", async () => {
    const { kms, client } = await setUp();
    await client.send(new ListKeysCommand({}));
    await kms.close();
    await kms.close();
    const fresh = clientOf(kms);
    await expect(fresh.send(new ListKeysCommand({}))).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("refuses options that make no sense", async () => {
    for (const options of [
      { port: -1 },
      { port: 1.5 },
      { port: 65_536 },
      { region: "" },
      { accountId: "1234" },
      { stateFile: "" },
    ]) {
      await expect(startKmsEmulator(options)).rejects.toThrow(TypeError);
    }
  });
});
