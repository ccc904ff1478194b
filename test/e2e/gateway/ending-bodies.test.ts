/** Answers that stream, over the network: with `endWithToken` they end with their token, and without it they do not. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRawOrigin } from "../../support/raw-http.ts";
import type { RawOrigin } from "../../support/raw-http.ts";
import { startSocketGateway } from "../../support/socket-gateway.ts";
import type { SocketGateway } from "../../support/socket-gateway.ts";

const POLICY = `import { defineRoutes } from "sealgate/edge-verifier";
export default defineRoutes([
  { path: "/ending/*", require: {}, endWithToken: true },
  { path: "/open/*", require: {} },
]);
`;

let origin: RawOrigin;
let gateway: SocketGateway;
let sockets: Socket[] = [];

beforeAll(async () => {
  origin = await startRawOrigin(({ socket }) => {
    sockets.push(socket);
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n",
    );
  });
  gateway = await startSocketGateway({ origin: { url: origin.url }, policy: POLICY });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await gateway.close();
  await origin.close();
});

/** Asks with a token that lives for two seconds, and reads the first event. */
async function open(path: string): Promise<{ readonly client: Socket; readonly fromGateway: Socket }> {
  sockets = [];
  const client = connect(gateway.port, "127.0.0.1");
  await once(client, "connect");
  const authorization = `Authorization: Bearer ${await gateway.token({}, 2)}`;
  client.write([`GET ${path} HTTP/1.1`, "Host: api.example.com", authorization, "", ""].join("\r\n"));
  let text = "";
  while (!text.includes("data: 1")) text += String((await once(client, "data"))[0]);
  const [fromGateway] = sockets;
  if (fromGateway === undefined) throw new Error("the origin was not asked");
  return { client, fromGateway };
}

test("an answer of a rule with endWithToken is cut off at exp, at the client and at the origin", async () => {
  const { client, fromGateway } = await open("/ending/x");
  let received = "";
  client.on("data", (chunk) => {
    received += String(chunk);
  });
  await Promise.all([once(client, "close"), once(fromGateway, "close")]);
  // The chunk of length 0 that a whole body ends with.
  expect(received).not.toContain("0\r\n\r\n");
});

test("an answer of another rule goes on", async () => {
  const { client, fromGateway } = await open("/open/x");
  await new Promise((resolve) => {
    setTimeout(resolve, 2500);
  });
  fromGateway.write("9\r\ndata: 2\n\n\r\n");
  expect(String((await once(client, "data"))[0])).toContain("data: 2");
  client.destroy();
});
