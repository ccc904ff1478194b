/**
 * Web origins of a list: which entries it may have, and whether an `Origin` header is one of them. Entries are compared as texts,
 * but for one pattern: `https://*.app.example.com` stands for every host with one more label, as previews of a deployment have.
 */

/**
 * The scheme, host and port of a page; with another scheme the name that an app or an extension gives its pages
 * (`capacitor://localhost`, `chrome-extension://<id>`). Lower case, as browsers send them.
 */
const APP_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9]+(?:[.-][a-z0-9]+)*$/;

/** Schemes whose pages have no origin of their own, or whose host is compared by other rules. */
const NOT_FOR_APPS = /^(?:https?|wss?|ftp|file|data|blob|about|javascript|filesystem):/;

const PREVIEWS = "https://*.";

/** With fewer labels behind it the pattern could stand for sites of strangers: `https://*.pages.dev`, `https://*.co.uk`. */
const LEAST_LABELS = 3;

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a text may stand in a list: serialised as a browser does it, or a pattern. */
export function isListedOrigin(text: string): boolean {
  if (text.startsWith(PREVIEWS)) {
    const host = text.slice(PREVIEWS.length);
    const labels = host.split(".");
    return isSerialised(`https://${host}`) && labels.every((one) => LABEL.test(one)) && labels.length >= LEAST_LABELS;
  }
  return isSerialised(text) || (APP_ORIGIN.test(text) && !NOT_FOR_APPS.test(text));
}

/** Lower case, no default port, no slash: so that comparing texts is enough. */
function isSerialised(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !/[*,]/.test(text);
}

/** @param listed entries that {@link isListedOrigin} accepts */
export function webOriginMatcher(listed: readonly string[]): (webOrigin: string) => boolean {
  const exact = new Set(listed.filter((one) => !one.startsWith(PREVIEWS)));
  const domains = listed.filter((one) => one.startsWith(PREVIEWS)).map((one) => one.slice(PREVIEWS.length - 1));
  return (webOrigin) =>
    exact.has(webOrigin) ||
    (webOrigin.startsWith("https://") &&
      domains.some(
        (domain) => webOrigin.endsWith(domain) && LABEL.test(webOrigin.slice("https://".length, -domain.length)),
      ));
}
