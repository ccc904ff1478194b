import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLocalRing } from "./local-ring.js";

let ring;
before(async () => {
  ring = await startLocalRing();
});
after(() => ring?.close());

test("a good token reaches the origin, with who it speaks for", async () => {
  const response = await ring.fetch("/api/orders", await ring.token({ sub: "user-1" }));
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { path: "/api/orders", subject: "user-1" });
});

test("no token, and a changed one, are refused", async () => {
  assert.equal((await ring.fetch("/api/orders")).status, 401);
  const token = await ring.token({ sub: "user-1" });
  assert.equal((await ring.fetch("/api/orders", `${token.slice(0, -8)}AAAAAAAA`)).status, 401);
});

test("an admin path needs the scope", async () => {
  assert.equal((await ring.fetch("/api/admin/users", await ring.token({ sub: "user-1" }))).status, 403);
  assert.equal((await ring.fetch("/api/admin/users", await ring.token({ sub: "root", scope: "admin" }))).status, 200);
});

test("what no rule allows is not there", async () => {
  assert.equal((await ring.fetch("/internal", await ring.token({ sub: "user-1" }))).status, 404);
});

test("a public path needs no token", async () => {
  const response = await ring.fetch("/public/hello");
  assert.deepEqual(await response.json(), { path: "/public/hello", subject: null });
});
