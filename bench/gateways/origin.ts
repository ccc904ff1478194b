/**
 * The API behind all gateways: a small JSON answer of fixed size. Reads nothing of the request, so that it costs every
 * gateway the same.
 */
const BODY = JSON.stringify({
  order: "4711",
  state: "shipped",
  items: [{ sku: "A-1", count: 2 }],
  note: "x".repeat(400),
});

const worker: { fetch(): Response } = {
  fetch: () => new Response(BODY, { headers: { "content-type": "application/json" } }),
};

export default worker;
