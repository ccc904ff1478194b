/**
 * README's two verifiers, started before the ring rotates and asked until its key set has expired: what a backend with them goes
 * through. They follow a server with the ring's signed key set, as a gateway serves it.
 */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { once } from "node:events";
import { examplesBy } from "../support/doc-examples.ts";
import type { EdgeWay } from "../support/doc-examples.ts";
import type { Lab, Running } from "./examples-lab.ts";

/** Says for each token on stdin, which is a line, whom it admits, or why not. */
const AGAIN = `
for await (const line of (await import("node:readline")).createInterface({ input: process.stdin })) {
  const verdict = await verify(line).catch((error) => ({ ok: false, error }));
  const claims = verdict.payload ?? verdict.value?.claims;
  console.log(claims === undefined ? verdict.error.code : "hello " + claims.sub);
}
`;

export interface FollowingVerifiers {
  /** What each says of a token. */
  readonly ask: (token: string) => Promise<readonly string[]>;
  /** The server with the key set is gone from now on. */
  readonly cutOff: () => Promise<void>;
}

/** @param anchors what `sealgate ring init` has printed */
export async function startFollowing(lab: Lab, anchors: string): Promise<FollowingVerifiers> {
  const server = await serveKeySet(lab);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const shown = examplesBy((way): way is EdgeWay => way === "verifier").filter(({ page }) => page === "README.md");
  const verifiers: Running[] = [];
  for (const [index, { code }] of shown.entries()) {
    const name = `following-${index}.ts`;
    await lab.write(name, code.replace("https://gateway.example.com", `http://127.0.0.1:${address.port}`) + AGAIN);
    verifiers.push(lab.start("node", [name], { TRUST_ANCHORS: anchors }));
  }
  return {
    async ask(token) {
      const verdicts: string[] = [];
      for (const verifier of verifiers) {
        verifier.tell(token);
        verdicts.push(await verifier.line());
      }
      return verdicts;
    },
    async cutOff() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function serveKeySet(lab: Lab): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== "/.well-known/sealgate/key-set/main") return void response.writeHead(404).end();
    void lab.storedKeySet().then((text) => response.writeHead(200, { age: "0" }).end(text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  return server;
}
