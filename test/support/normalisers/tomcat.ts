/**
 * Tomcat: `CoyoteAdapter.postParseRequest`, `parsePathParameters` and `normalize` in
 * java/org/apache/catalina/connector/CoyoteAdapter.java; `UDecoder` in java/org/apache/tomcat/util/buf. Path parameters
 * (`;x=1`) are cut from each segment before decoding; then backslashes, `//`, `/./` and `/../` are normalised. An encoded
 * slash and a backslash are refused, unless `encodedSolidusHandling="decode"` and `ALLOW_BACKSLASH` are set, as they are on
 * many servers: both readings.
 */
import { decodeOctets, readingOf, resolveSegments } from "./parts.ts";
import type { Normaliser, Reading } from "./parts.ts";

export const tomcat: Normaliser = {
  name: "Java servlet (Tomcat)",
  readings: (path) => [...read(path, false), ...read(path, true)],
};

function read(path: string, lenient: boolean): readonly Reading[] {
  const withoutParameters = path.replaceAll(/;[^/]*/g, "");
  if (/%(?![0-9A-Fa-f]{2})/.test(withoutParameters)) return [];
  if (!lenient && /%2f|%5c|\\/i.test(withoutParameters)) return [];
  const octets = decodeOctets(withoutParameters);
  if (octets.includes(0)) return [];
  const decoded = octets.toString("utf8").replaceAll("\\", "/");
  return readingOf(resolveSegments(decoded));
}
