/** What the apps on docs/middleware.md are asked, and the program that asks them with the packed package. */
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken, TEST_ISSUER } from "../support/key-sets.ts";
import { given } from "../support/values.ts";
import type { PackageProject } from "./package-project.ts";

/** A path, the audience of the token (undefined: no token; "": one that does not hold), and the answer. */
type Asked = readonly [path: string, audience: string | undefined, status: number, body?: string];

const API = "https://api.example.com";

/** By a name that stands in the block and in no other. */
const REQUESTS: Readonly<Record<string, readonly Asked[]>> = {
  MyClaims: [
    ["/api/me", API, 200, '{"subject":"user-1"}'],
    ["/api/me", undefined, 401],
    ["/api/me", "https://other.example.com", 401],
    ["/api/admin/users", API, 403],
  ],
  TENANTS: [
    ["/acme/me", "https://acme.example.com", 200, '{"subject":"user-1"}'],
    ["/globex/me", "https://acme.example.com", 401],
    ["/globex/me", "https://globex.example.com", 200],
    ["/acme/me", "https://globex.example.com", 401],
    ["/initech/me", "https://initech.example.com", 404],
  ],
  stranger: [
    ["/hello", undefined, 200, "hello stranger"],
    ["/hello", API, 200, "hello user-1"],
    ["/hello", "", 401],
  ],
  jwks_uri: [
    ["/hello", API, 200, "hello user-1"],
    ["/hello", "https://other.example.com", 401],
    ["/hello", undefined, 401],
  ],
  signedInAs: [
    ["/api/me", API, 200, '{"subject":"user-1"}'],
    ["/api/me", undefined, 401],
  ],
};

export function requestsFor(code: string): readonly Asked[] {
  return given(Object.entries(REQUESTS).find(([name]) => code.includes(name))?.[1]);
}

/** Asks the app that a block exports by default. */
const PROGRAM = `
  import * as example from "./app.ts";
  const { requests, env, document } = JSON.parse(process.env.GIVEN);
  const KEY_SETS = { get: async () => new Response(document).body };
  console.log = () => {};
  const answers = [];
  for (const [path, token] of requests) {
    const headers = token === null ? {} : { authorization: "Bearer " + token };
    const answer = await example.default.request(path, { headers }, { ...env, KEY_SETS });
    answers.push([answer.status, await answer.text()]);
  }
  if (example.makeApp !== undefined) {
    const app = example.makeApp(example.signedInAs("tester"));
    answers.push([200, await (await app.request("/api/me")).text()]);
  }
  process.stdout.write(JSON.stringify(answers));
`;

/** @returns status and body of each answer */
export async function askApp(project: PackageProject, code: string, asked: readonly Asked[]): Promise<unknown> {
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  const now = Math.floor(Date.now() / 1000);
  const requests = await Promise.all(
    asked.map(async ([path, audience]) => {
      if (audience === undefined) return [path, null];
      const claims = { iss: TEST_ISSUER, aud: audience, sub: "user-1", iat: now, exp: now + 600 };
      return [path, audience === "" ? "no.good.token" : await signToken(claims, key)];
    }),
  );
  const setup = {
    requests,
    env: { ISSUER: TEST_ISSUER, TRUST_ANCHORS: JSON.stringify([root.jwk]) },
    document: await signKeySet(makeDocument([key], seconds(now - 10)), root),
  };
  await project.write("app.ts", code);
  return project.runModule(PROGRAM, { GIVEN: JSON.stringify(setup) });
}
