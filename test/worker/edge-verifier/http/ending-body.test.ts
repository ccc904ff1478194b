/** Bodies that end with their token, with the platform's own streams. Over the network: test/e2e/gateway/streams.test.ts. */
import { expect, test } from "vitest";
import { endBodyWithToken } from "../../../../edge-verifier/http/ending-body.ts";
import type { TokenWatch } from "../../../../edge-verifier/http/websocket.ts";

/** A watch that ends when the test says so, and notes when it is no longer needed. */
function watchByHand(): { readonly watch: TokenWatch; readonly end: () => void; readonly stops: () => number } {
  let end = (): void => undefined;
  let stops = 0;
  const watch: TokenWatch = (given) => {
    end = () => given("token revoked");
    return () => {
      stops += 1;
    };
  };
  return { watch, end: () => end(), stops: () => stops };
}

/** A body that the origin has begun to send, and leaves open. */
function openBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
    pull: () => new Promise(() => undefined),
  });
}

test("a body that nothing ends is the origin's, octet for octet, with its headers", async () => {
  const { watch, stops } = watchByHand();
  const text = "x".repeat(100_000);
  const answer = endBodyWithToken(new Response(text, { status: 203, headers: { "content-type": "text/x" } }), watch);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([203, "text/x"]);
  expect(await answer.text()).toBe(text);
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
  expect(stops()).toBe(1);
});

test("a body that is still open ends in an error when its token does: what was cut off is not taken for whole", async () => {
  const { watch, end } = watchByHand();
  const reader = endBodyWithToken(new Response(openBody()), watch).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: 1\n\n");
  const next = reader?.read();
  end();
  await expect(next).rejects.toThrow("token revoked");
});

test("an answer without a body is left as it is", () => {
  const { watch } = watchByHand();
  const answer = new Response(null, { status: 204 });
  expect(endBodyWithToken(answer, watch)).toBe(answer);
});

test.each([
  ["stated twice", "4, 4"],
  ["that no body can have", "9007199254740993"],
  ["that is none", "four"],
])("a length %s does not stand in the way of the body", async (_name, length) => {
  const { watch } = watchByHand();
  const headers = { "content-length": length };
  expect(await endBodyWithToken(new Response(new Response("body").body, { headers }), watch).text()).toBe("body");
});
