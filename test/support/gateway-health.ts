/** What a gateway's health endpoint answers, for tests that have no gateway. */

/** Of a Worker that reads the ring "main", and another that it has no key set of. */
export function gatewayHealth(main: object): object {
  return {
    status: "degraded",
    rings: [
      { ring: "west", status: "unavailable" },
      { ring: "main", ...main },
    ],
  };
}
