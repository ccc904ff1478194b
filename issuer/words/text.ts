/** Text that is safe to show: no tokens in messages, nothing that a terminal would obey. Pure. */

/** Segments of base64url characters with dots between. It begins where such characters begin, so that long texts take no longer. */
const SEGMENTS = /(?<![\w-])[\w-]+(?:\.[\w-]*)+/g;

/** Where a compact JWS begins: the base64url of `{"` or `{` and white space, and the dot before another segment. */
const HEADER = /\be[wy][\w-]{10,}\./;

/**
 * Control characters that JSON.stringify leaves alone (C1, of which some terminals read CSI), and characters that change
 * the direction of what follows.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu;

/** The text with every token, or what is left of one, replaced. */
export function withoutTokens(text: string): string {
  return text.replaceAll(SEGMENTS, (segments) => {
    // The last segment has no dot behind it.
    const start = segments.slice(0, segments.lastIndexOf(".") + 1).search(HEADER);
    return start === -1 ? segments : `${segments.slice(0, start)}<token>`;
  });
}

/** JSON for a person's terminal: the same value, with everything that is not plain text escaped. */
export function toSafeJson(value: unknown, indent?: number): string {
  return toVisible(JSON.stringify(value, undefined, indent));
}

/** The text with every character that would change how the rest is read as its escape, such as `\u202e`. */
export function toVisible(text: string): string {
  return text.replaceAll(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
