/** The embedded KMS's state file: private, whole or not at all, and refused when it is damaged. */
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import type { KMSClient, KeySpec } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { startKmsEmulator } from "../../../../issuer/kms-emulator/index.ts";
import { clientOf, createKey, DAY_MS, expectRefusal, newStateFile, onCleanUp, setUp } from "./support.ts";

/** Everything a client can read, with the public keys. */
async function everything(client: KMSClient): Promise<unknown> {
  const { Keys } = await client.send(new ListKeysCommand({}));
  const { Aliases } = await client.send(new ListAliasesCommand({}));
  const keys: unknown[] = [];
  for (const { KeyId } of Keys ?? []) {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    const { Tags } = await client.send(new ListResourceTagsCommand({ KeyId }));
    const signs = KeyMetadata?.KeyState === "Enabled" && KeyMetadata.KeyUsage === "SIGN_VERIFY";
    const answer = signs ? await client.send(new GetPublicKeyCommand({ KeyId })) : undefined;
    keys.push({ KeyMetadata, Tags, publicKey: answer?.PublicKey });
  }
  return { keys, Aliases };
}

/** A file with one key and one alias in it, written by an emulator that has stopped. */
async function writtenStateFile(): Promise<string> {
  const stateFile = newStateFile();
  const { kms, client } = await setUp({ stateFile });
  const { keyId } = await createKey(client);
  await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId }));
  await kms.close();
  return stateFile;
}

describe("with a state file", () => {
  test("keys, aliases, tags and states outlive the emulator", async () => {
    const stateFile = newStateFile();
    const { kms, client, clock } = await setUp({ stateFile, region: "eu-west-1", accountId: "444455556666" });
    const specs: KeySpec[] = ["RSA_2048", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"];
    for (const spec of specs) await createKey(client, spec);
    await createKey(client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    await createKey(client, "HMAC_256", "GENERATE_VERIFY_MAC");
    const Tags = [
      { TagKey: "10", TagValue: "numeric" },
      { TagKey: "2", TagValue: "names" },
    ];
    const tagged = await client.send(
      new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", Tags, Description: "tägged" }),
    );
    clock.ms += 12_345;
    const TargetKeyId = tagged.KeyMetadata?.KeyId;
    await client.send(new CreateAliasCommand({ AliasName: "alias/sealgate/main/1", TargetKeyId }));
    const disabled = await createKey(client);
    await client.send(new DisableKeyCommand({ KeyId: disabled.keyId }));
    const leaving = await createKey(client);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: leaving.keyId, PendingWindowInDays: 9 }));
    const before = await everything(client);
    const request = { KeyId: TargetKeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m") } as const;
    const { Signature } = await client.send(new SignCommand(request));
    await kms.close();

    const second = await startKmsEmulator({ stateFile, now: () => clock.ms });
    onCleanUp(() => second.close());
    expect([second.region, second.accountId]).toEqual(["eu-west-1", "444455556666"]);
    const secondClient = clientOf(second);
    expect(await everything(secondClient)).toEqual(before);
    expect((await secondClient.send(new VerifyCommand({ ...request, Signature }))).SignatureValid).toBe(true);
    clock.ms += 9 * DAY_MS;
    await expectRefusal(secondClient.send(new DescribeKeyCommand({ KeyId: leaving.keyId })), "NotFoundException");
  });

  test("the file is readable by its owner only, says what it is, and leaves no other file behind", async () => {
    const stateFile = await writtenStateFile();
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(stateFile, "utf8")).toContain("Not a KMS");
    expect(readdirSync(join(stateFile, ".."))).toEqual(["state.json"]);
  });

  test("the banner says that the private keys are in the file", async () => {
    const stateFile = newStateFile();
    const { kms } = await setUp({ stateFile });
    expect(kms.banner()).toContain(`in the clear in ${stateFile}`);
  });

  test("a change is in the file before it is answered", async () => {
    const stateFile = newStateFile();
    const { client } = await setUp({ stateFile, onRequest: () => (seen = readFileSync(stateFile, "utf8")) });
    let seen = "";
    const { keyId } = await createKey(client);
    expect(seen).toContain(keyId);
  });

  test("without one, nothing is kept", async () => {
    const { kms, client } = await setUp();
    await createKey(client);
    await kms.close();
    const { client: next } = await setUp();
    expect((await next.send(new ListKeysCommand({}))).Keys).toEqual([]);
  });
});

describe("a state file is refused", () => {
  const code = (value: string) => ({ name: "KmsEmulatorError", code: value });

  test("when any one byte of it is damaged", async () => {
    const stateFile = await writtenStateFile();
    const good = readFileSync(stateFile);
    for (let at = 0; at < good.length; at += 5) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(stateFile, bad);
      const start = startKmsEmulator({ stateFile });
      await expect(start).rejects.toMatchObject(code("kms_emulator_state_damaged"));
    }
  });

  test.each([
    ["cut short", (text: string) => text.slice(0, text.length / 2)],
    ["empty", () => ""],
    ["another program's JSON", () => '{"hello":"world"}'],
    ["not JSON", () => "-----BEGIN PRIVATE KEY-----"],
    ["of another version", (text: string) => text.replace("emulator/1", "emulator/2")],
    ["given a second member of one name", (text: string) => text.replace("{", '{"format":"sealgate-kms-emulator/1",')],
  ])("when it is %s, and is left as it was", async (_case, damage) => {
    const stateFile = await writtenStateFile();
    const damaged = damage(readFileSync(stateFile, "utf8"));
    writeFileSync(stateFile, damaged);
    await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject(code("kms_emulator_state_damaged"));
    expect(readFileSync(stateFile, "utf8")).toBe(damaged);
  });

  test("when others may read it", async () => {
    const stateFile = await writtenStateFile();
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(stateFile, mode);
      await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject(code("kms_emulator_state_exposed"));
    }
    chmodSync(stateFile, 0o600);
    await (await startKmsEmulator({ stateFile })).close();
  });

  test("when it belongs to another Region or account than the one asked for", async () => {
    const stateFile = await writtenStateFile();
    for (const options of [{ region: "eu-west-1" }, { accountId: "999999999999" }]) {
      await expect(startKmsEmulator({ stateFile, ...options })).rejects.toMatchObject(
        code("kms_emulator_state_mismatch"),
      );
    }
    const kms = await startKmsEmulator({ stateFile, region: "us-east-1", accountId: "111122223333" });
    await kms.close();
  });

  test("when its content is whole but a key is not what it says", async () => {
    const stateFile = await writtenStateFile();
    const text = readFileSync(stateFile, "utf8");
    for (const [from, to] of [
      ['"spec":"ECC_NIST_P256"', '"spec":"ECC_NIST_P384"'],
      ['"usage":"SIGN_VERIFY"', '"usage":"ENCRYPT_DECRYPT"'],
      ['"state":"Enabled"', '"state":"Broken"'],
      ['"name":"alias/a"', '"name":7'],
    ] as const) {
      const { state, ...head }: { state: unknown } = JSON.parse(text);
      const changed = JSON.stringify(state).replace(from, to);
      const sha256 = createHash("sha256").update(changed).digest("hex");
      const whole = { ...head, sha256, state: JSON.parse(changed) as unknown };
      writeFileSync(stateFile, `${JSON.stringify(whole, null, 2)}\n`);
      await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject(code("kms_emulator_state_damaged"));
    }
  });

  test("when it is a link to itself", async () => {
    const stateFile = newStateFile();
    symlinkSync(stateFile, stateFile);
    await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject(code("kms_emulator_state_unreadable"));
  });

  test("when it is a folder", async () => {
    const stateFile = newStateFile();
    const folder = join(stateFile, "..");
    chmodSync(folder, 0o700);
    await expect(startKmsEmulator({ stateFile: folder })).rejects.toMatchObject(code("kms_emulator_state_unreadable"));
  });
});

describe("a state file that cannot be kept", () => {
  test.each([
    ["writes it", (stateFile: string) => writeFileSync(stateFile, "{}", { mode: 0o600 })],
    ["takes its lock", (stateFile: string) => writeFileSync(`${stateFile}.lock`, "1 - other\n")],
  ])("stops the emulator from answering rather than losing keys, when another program %s", async (_name, meddle) => {
    const stateFile = newStateFile();
    const { client } = await setUp({ stateFile });
    await createKey(client);
    meddle(stateFile);
    const message = await expectRefusal(createKey(client), "KMSInternalException");
    expect(message).toContain("kms_emulator_state_changed");
    await expectRefusal(client.send(new ListKeysCommand({})), "KMSInternalException");
  });

  test("does the same when its folder is gone", async () => {
    const stateFile = newStateFile();
    const { client } = await setUp({ stateFile });
    rmSync(join(stateFile, ".."), { recursive: true });
    await expectRefusal(createKey(client), "KMSInternalException");
    await expectRefusal(createKey(client), "KMSInternalException");
  });

  test("is refused at the start when its folder is not there, with what to do", async () => {
    const stateFile = join(newStateFile(), "missing", "state.json");
    await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject({
      code: "kms_emulator_state_unreadable",
      message: expect.stringMatching(/missing\/state\.json cannot be written: create the folder .*missing, or /),
    });
  });
});
