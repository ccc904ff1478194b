/** The lock on the embedded KMS's state file: one emulator per file, also when one before it was killed. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ListKeysCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { startKmsEmulator } from "../../../../issuer/kms-emulator/index.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { clientOf, createKey, newStateFile, onCleanUp, setUp } from "./support.ts";

describe("two emulators on one state file", () => {
  test("the second is refused while the first runs, and nothing is lost", async () => {
    const stateFile = newStateFile();
    const first = await setUp({ stateFile });
    const { keyId } = await createKey(first.client);
    await expect(startKmsEmulator({ stateFile })).rejects.toMatchObject({
      code: "kms_emulator_state_locked",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await createKey(first.client);
    await first.kms.close();
    const second = await setUp({ stateFile });
    const { Keys = [] } = await second.client.send(new ListKeysCommand({}));
    expect(Keys.map(({ KeyId }) => KeyId)).toContain(keyId);
    expect(Keys).toHaveLength(2);
  });

  test("of several processes that find the lock of a killed one, exactly one gets the file", async () => {
    const stateFile = newStateFile();
    writeFileSync(`${stateFile}.lock`, `${await pidOfEndedProcess()} - killed\n`);
    const lines = await Promise.all(Array.from({ length: 4 }, () => startProcess(stateFile).line));
    expect(lines.filter((line) => line.includes('"url"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("kms_emulator_state_locked"))).toHaveLength(3);
  });

  test("a killed emulator neither blocks the next one nor leaves private keys behind", async () => {
    const stateFile = newStateFile();
    const running = startProcess(stateFile);
    const { url } = jsonObject(await running.line);
    const { keyId } = await createKey(clientOf({ url: textOf(url), region: "us-east-1" }));
    await running.kill();
    expect(readdirSync(join(stateFile, ".."))).toContain("state.json.lock");
    const leftover = `${stateFile}.${randomUUID()}.tmp`;
    writeFileSync(leftover, "private keys");
    writeFileSync(`${stateFile}.mine.tmp`, "of somebody else");
    const { kms, client } = await setUp({ stateFile });
    expect((await client.send(new ListKeysCommand({}))).Keys?.[0]?.KeyId).toBe(keyId);
    expect(readdirSync(join(stateFile, "..")).toSorted()).toEqual([
      "state.json",
      "state.json.lock",
      "state.json.mine.tmp",
    ]);
    await kms.close();
    expect(readdirSync(join(stateFile, ".."))).not.toContain("state.json.lock");
  });

  test("a lock whose process number now belongs to another process does not block", async () => {
    const stateFile = newStateFile();
    // As in a container, where each start has the number 1: only the time of the start tells them apart.
    writeFileSync(`${stateFile}.lock`, `${process.pid} an-earlier-start killed\n`);
    await expect(setUp({ stateFile })).resolves.toBeDefined();
  });
});

interface EmulatorProcess {
  /** The first line on stdout. */
  readonly line: Promise<string>;
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../../../issuer/cli/main.ts", import.meta.url));

function startProcess(stateFile: string): EmulatorProcess {
  const child = spawn(process.execPath, [MAIN, "kms-emulator", "--json", "--state-file", stateFile]);
  const ended = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onCleanUp(kill);
  const line = once(child.stdout, "data").then(([chunk]) => String(chunk));
  return { line, kill };
}

async function pidOfEndedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"]);
  await once(child, "exit");
  return given(child.pid);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error("the test expected a text");
}
