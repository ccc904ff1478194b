/** What the test project binds in addition to wrangler.toml (vitest.config.ts). */
declare namespace Cloudflare {
  interface Env {
    /** An origin that answers with what has reached it. */
    readonly ORIGIN: Fetcher;
  }
}
