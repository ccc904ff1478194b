/** `sealgate issuers add` for a person: what goes to stdout and what to stderr. */
import { expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { useIssuersWorld } from "./world.ts";

const { add, network, standIn } = useIssuersWorld();

test("for a person: the entry on stdout, and where to put it on stderr", async () => {
  const run = await add("https://acme.eu.auth0.com", "--audience", "https://api.acme.example");
  expect(run.code).toBe(EXIT.ok);
  expect(JSON.parse(run.out)).toMatchObject({ issuer: "https://acme.eu.auth0.com/" });
  expect(run.err).toContain("2 usable keys");
  expect(run.err).toContain('issuers: ["own", "https://acme.eu.auth0.com/"]');
});

test("keys that cannot be used are counted, and said why", async () => {
  const { entry } = standIn("Keycloak");
  const run = await add(entry.issuer, "--audience", "orders-api");
  expect(run.err).toContain("2 usable keys (2 left out: alg_not_accepted, alg_not_accepted)");
});

test("a claim needs a value", async () => {
  const run = await add(standIn("Okta").entry.issuer, "--audience", "x", "--claim", "tid");
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain("--claim must be a name, = and a value");
  expect(network().asked).toEqual([]);
});

test("what is no URL is wrong usage", async () => {
  const run = await add("login.example.com", "--audience", "x");
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain("<url> must be an absolute URL");
  expect(network().asked).toEqual([]);
});
