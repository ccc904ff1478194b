/**
 * The User-Agent of requests to KMS, as CloudTrail will show it: sealgate, then what the SDK says of itself and its host. Written
 * once for a client; the SDK's own middleware puts it together for each request, with regular expressions over each part, to
 * tell AWS which of the SDK's features the request has used.
 */
import type { KMSClient } from "@aws-sdk/client-kms";

/** Replaces the SDK's middleware. Where a later SDK calls it something else, the SDK's User-Agent is what is sent. */
export function writeUserAgentOnce({ config, middlewareStack }: KMSClient): void {
  middlewareStack.remove("getUserAgentMiddleware");
  let text: string | undefined;
  middlewareStack.add(
    (next) => async (args) => {
      text ??= await composeUserAgent(config);
      setHeader(args.request, "user-agent", text);
      return next(args);
    },
    { step: "build", priority: "low", name: "sealgateUserAgent" },
  );
}

type Part = readonly [name: string, version?: string];

async function composeUserAgent(config: KMSClient["config"]): Promise<string> {
  const sdk = await config.defaultUserAgentProvider();
  const appId = await config.userAgentAppId();
  const parts: readonly Part[] = [["sealgate"], ...sdk, ...(appId === undefined ? [] : [["app", appId] as const])];
  return parts.map(printPart).join(" ");
}

/** A name, or "kind/name", and mostly a version. */
function printPart([name, version]: Part): string {
  const text = version === undefined ? name : `${name}${name.includes("/") ? "#" : "/"}${version}`;
  return text.replaceAll(/[^\w!$%&'*+\-.^`|~#/]/g, "-");
}

function setHeader(request: unknown, name: string, value: string): void {
  if (typeof request !== "object" || request === null || !("headers" in request)) return;
  const { headers } = request;
  if (typeof headers === "object" && headers !== null) Reflect.set(headers, name, value);
}
