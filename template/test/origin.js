/** The origin server of the tests: it answers with the identity that the gateway has given to it. */
export default {
  fetch: (request) =>
    Response.json({ path: new URL(request.url).pathname, subject: request.headers.get("x-sealgate-subject") }),
};
