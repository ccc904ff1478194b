/**
 * The API behind the gateway, in the local stack: answers with what reached it, so that one can see what a gateway lets
 * through. It believes the gateway's identity headers and checks nothing itself.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const identity = [...request.headers].filter(([name]) => name.startsWith("x-sealgate-"));
    return Response.json({
      origin: "sealgate-local-origin",
      method: request.method,
      path: url.pathname,
      query: url.search,
      identity: Object.fromEntries(identity),
      bodyBytes: (await request.arrayBuffer()).byteLength,
    });
  },
};
