/**
 * The verifiers that pages show, asked with the packed package: servers on port 8080, Workers, and modules with a function. One
 * process runs all of them, each with a good token, with another audience's, and without any.
 */
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken, TEST_ISSUER } from "../support/key-sets.ts";
import type { PackageProject } from "./package-project.ts";

/** What the examples import besides the package and its peers. */
export const SERVERS = ["express", "fastify", "@hono/node-server"] as const;

/** The answers of an example that is right. A 401 without a challenge (RFC 6750 section 3) would have another text. */
export const RIGHT_ANSWERS = [
  [200, "hello user-1"],
  [401, ""],
  [401, ""],
];

const PROGRAM = `
  import { createServer } from "node:http";
  import { writeFileSync } from "node:fs";
  const { tokens, anchors, document, examples } = JSON.parse(process.env.GIVEN);
  process.env.TRUST_ANCHORS = anchors;
  const gateway = createServer((request, response) => {
    const known = request.url === "/.well-known/sealgate/key-set/main";
    response.writeHead(known ? 200 : 404, { age: "0" }).end(known ? document : "");
  });
  const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
  const freePort = async () => {
    const probe = createServer();
    const port = await listen(probe);
    probe.close();
    return port;
  };
  const place = "http://127.0.0.1:" + (await listen(gateway));
  const env = { TRUST_ANCHORS: anchors, KEY_SETS: { get: async () => new Response(document).body } };

  const describe = async (answer) => {
    const challenged = answer.status !== 401 || answer.headers.get("www-authenticate") === "Bearer";
    return [answer.status, challenged ? await answer.text() : "without a challenge"];
  };
  const describeCaller = (caller) =>
    describe("claims" in caller ? new Response("hello " + caller.claims.sub) : new Response(null, caller));
  /** A text, a result of sealgate's, or one of jose's. */
  const describeVerified = (verified) => {
    if (typeof verified === "string") return verified.startsWith("hello ") ? [200, verified] : [401, ""];
    const claims = verified.payload ?? verified.value?.claims;
    return claims === undefined ? [401, ""] : [200, "hello " + claims.sub];
  };

  async function ask({ default: worker, verify, authenticate }, token, port) {
    if (verify !== undefined) return describeVerified(await verify(token ?? "").catch(() => "refused"));
    const authorization = token === null ? undefined : "Bearer " + token;
    if (authenticate !== undefined) return describeCaller(await authenticate(authorization));
    const url = "http://127.0.0.1:" + port;
    const headers = token === null ? {} : { authorization };
    const request = new Request(url, { headers });
    return describe(await (worker === undefined ? fetch(request) : worker.fetch(request, env, { waitUntil() {} })));
  }

  const answers = [];
  for (const [index, code] of examples.entries()) {
    const port = await freePort();
    const name = /^\\/\\/ ([\\w-]+\\.ts)$/m.exec(code)?.[1] ?? "example-" + index + ".ts";
    const runnable = code
      .replace("https://gateway.example.com", place)
      .replace("8080", String(port))
      .replace(/anchors: \\[\\{.*\\}\\],/, "anchors: JSON.parse(process.env.TRUST_ANCHORS),");
    writeFileSync(name, runnable);
    const example = await import("./" + name);
    const given = [];
    for (const token of tokens) given.push(await ask(example, token, port));
    answers.push(given);
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit());
`;

/**
 * @param examples code blocks; one that begins with the comment "// verifier.ts" can be imported by those after it
 * @returns for each example, status and text for each of the three tokens
 */
export async function askVerifiers(project: PackageProject, examples: readonly string[]): Promise<readonly unknown[]> {
  for (const name of SERVERS) await project.usePeer(name, name);
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  const now = Math.floor(Date.now() / 1000);
  const tokenFor = (aud: string): Promise<string> =>
    signToken({ iss: TEST_ISSUER, aud, sub: "user-1", iat: now, exp: now + 600 }, key);
  const setup = {
    examples,
    tokens: [await tokenFor("https://api.example.com"), await tokenFor("https://other.example.com"), null],
    anchors: JSON.stringify([root.jwk]),
    document: await signKeySet(makeDocument([key], seconds(now - 10)), root),
  };
  const answers = await project.runModule(PROGRAM, { GIVEN: JSON.stringify(setup) });
  if (!Array.isArray(answers)) throw new TypeError("expected the answers of each example");
  return answers;
}
