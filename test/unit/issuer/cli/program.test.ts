/** What holds for every command: help, wrong usage, and messages that never repeat a token. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { jsonOf, sealgate } from "./support.ts";

/** Not only of the form: a header, claims and a signature. */
const TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl";

describe("help", () => {
  test.for([
    [["--help"]],
    [["help"]],
    [["token", "sign", "--help"]],
    [["help", "token"]],
    [["help", "ring", "rotate"]],
    [["key", "public", "-h"]],
  ])("%j goes to stdout with exit code 0", async ([argv = []]) => {
    const run = await sealgate(argv);
    expect(run).toMatchObject({ code: EXIT.ok, err: "" });
    expect(run.out).toMatch(/^Usage: sealgate /);
  });

  test("the first help names every exit code", async () => {
    const { out } = await sealgate(["--help"]);
    for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`\\b${code} `));
  });

  test.for([["--version"], ["-V"]])("%s prints the version and nothing else", async ([option = ""]) => {
    expect(await sealgate([option])).toEqual({ code: EXIT.ok, out: "1.2.3\n", err: "" });
  });
});

describe("wrong usage is exit code 2, with a message on stderr and nothing on stdout", () => {
  test.for([
    ["no command", [], "Usage: sealgate"],
    ["half a command", ["token"], "Usage: sealgate token"],
    ["an unknown command", ["tokens"], "unknown command 'tokens'"],
    ["an unknown option", ["token", "inspect", "--verbose"], "unknown option '--verbose'"],
    ["an option without its value", ["token", "sign", "--key"], "argument missing"],
    ["an argument too many", ["token", "inspect", "a", "b"], "too many arguments"],
    ["a missing argument", ["key", "public"], "missing required argument 'key'"],
  ] as const)("%s", async ([, argv, message]) => {
    const run = await sealgate(argv);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain(message);
  });

  test("with --json the reason is one line on stdout as well", async () => {
    for (const [argv, message] of [
      [["token", "inspect", "--verbose", "--json"], "unknown option '--verbose'"],
      [["token", "sign", "--json"], "--key (or SEALGATE_KEY_ID) is missing"],
      [["--json"], "unknown option '--json'"],
    ] as const) {
      const run = await sealgate(argv);
      expect(run.code).toBe(EXIT.usage);
      expect(jsonOf(run)).toEqual({ error: { code: "usage_invalid", message: expect.stringContaining(message) } });
    }
  });
});

describe("no message holds a token", () => {
  test.for([
    ["as a command", [TOKEN]],
    ["as a subcommand", ["token", TOKEN]],
    ["as an option", ["token", "verify", `--${TOKEN}`]],
    ["as the value of the wrong option", ["token", "verify", "--audience", "a", "--key", "k", "--alg", TOKEN]],
    ["as the name of a key", ["key", "public", TOKEN]],
    ["as a refused token", ["token", "inspect", `${TOKEN}.x`]],
  ] as const)("%s, with --json or without", async ([, argv]) => {
    for (const json of [[], ["--json"]]) {
      const run = await sealgate([...argv, ...json]);
      expect(run.code).not.toBe(EXIT.ok);
      for (const part of TOKEN.split(".")) expect(run.out + run.err).not.toContain(part);
    }
  });
});

describe("colour", () => {
  const ESCAPE = "\u001b[";

  test("only where it is wanted, and never on stdout", async () => {
    const plain = await sealgate(["token", "inspect", TOKEN]);
    const coloured = await sealgate(["token", "inspect", TOKEN], { color: true });
    expect(plain.out + plain.err).not.toContain(ESCAPE);
    expect(coloured.err).toContain(ESCAPE);
    expect(coloured.out).toBe(plain.out);
  });
});

// A variable of the shell that is not set: --ring "$RING" must not rotate the ring "main".
test.each([
  ["--ring", ["ring", "rotate", "--ring", ""]],
  ["--policy", ["ring", "status", "--policy="]],
  ["--table", ["token", "revoke", "--session", "s", "--table", "one", "--table", ""]],
])("an empty %s is refused", async (option, argv) => {
  const run = await sealgate(argv, { env: { SEALGATE_RING: "west" } });
  expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(`${option} is empty`) });
});

test("Ctrl-C leaves a command that waits: 130", async () => {
  const ctrlC = new AbortController();
  const readStdin = (): Promise<string> => {
    ctrlC.abort();
    return new Promise(() => undefined);
  };
  const run = await sealgate(["token", "inspect", "-", "--json"], { interrupted: ctrlC.signal, readStdin });
  expect(run.code).toBe(EXIT.interrupted);
  expect(jsonOf(run)).toMatchObject({ error: { code: "interrupted" } });
});

test("a command that runs until Ctrl-C ends in order once its reader is gone; another one goes on", async () => {
  const gone = new AbortController();
  const run = sealgate(["kms-emulator"], { readerGone: gone.signal, out: () => gone.abort() });
  expect(await run).toMatchObject({ code: EXIT.ok, err: expect.stringContaining("Ctrl-C stops it") as unknown });
  const other = await sealgate(["token", "inspect"], {
    readerGone: AbortSignal.abort(),
    readStdin: async () => "x.y.z",
  });
  expect(other.code).toBe(EXIT.tokenInvalid);
});
