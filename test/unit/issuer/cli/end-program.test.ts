import { Writable } from "node:stream";
import { expect, test, vi } from "vitest";
import { endProgram } from "../../../../issuer/cli/end-program.ts";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";

test("the program ends once what it has written is out, whatever else is still waiting", async () => {
  const out: string[] = [];
  const slow = new Writable({
    write(chunk: Buffer, _encoding, done) {
      setImmediate(() => {
        out.push(chunk.toString());
        done();
      });
    },
  });
  slow.write("the last line\n");
  const exit = vi.fn<(code: number) => void>(() => expect(out.join("")).toBe("the last line\n"));
  await endProgram(EXIT.failure, [slow], exit);
  expect(exit).toHaveBeenCalledExactlyOnceWith(EXIT.failure);
});

test("a reader that is gone does not keep it", async () => {
  const gone = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
  gone.on("error", () => undefined);
  gone.destroy();
  const exit = vi.fn<(code: number) => void>();
  await endProgram(EXIT.ok, [gone], exit);
  expect(exit).toHaveBeenCalledExactlyOnceWith(EXIT.ok);
});
