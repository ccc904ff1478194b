/** How a block of a page is executed, or why it is not. */

/** How a block that needs a ring is executed: `test/package/ring-examples.test.ts`. */
export type RingWay =
  /** In the shell of its page, which keeps its variables from block to block. */
  | "shell"
  /** As a shell block; exit code 4 says that the ring has to wait or that something is due, which an example may show. */
  | "ring state"
  /** As a shell block; the anchors that it prints are those of the Workers. */
  | "init"
  /** As a shell block that may say that something is due (exit code 4). */
  | "status"
  /** The line for a project with the package there, the line for the repository here. */
  | "help"
  /** A module that runs to its end. */
  | "module"
  /** A program that signs with the ring: it is kept running while the ring rotates. */
  | "issuer"
  /** `sealgate serve`, kept running while the ring rotates; and the request to it. */
  | "serve"
  | "request"
  /** A Worker of one's own, in workerd. */
  | "worker"
  | "ring policy";

/** How a block that takes tokens back is executed: `test/package/revoke-examples.ts`, with the ring. */
export type RevokeWay =
  | "revoke module"
  | "revoke shell"
  /** The service is kept running for the request. */
  | "revoke serve"
  | "revoke request"
  /** Events for the Lambda handler, one on each line. */
  | "revoke events";

/** How the others are executed: `test/package/edge-examples.test.ts`. */
export type EdgeWay =
  /** A route policy: in a project, and pasted into a clone. */
  | "routes"
  /** An app with the middleware, asked with and without tokens as test/package/middleware-examples.ts says. */
  | "middleware"
  /** A server, a Worker or a function with a verifier, which lets in who has a good token. */
  | "verifier"
  /** A list of features, pasted into a clone. */
  | "features"
  /** Makes an assertion key; the line for wrangler is left out. */
  | "assertion key"
  | "origin in Node"
  | "origin in Python"
  | "origin in Go";

export interface NotExecuted {
  readonly because: string;
}

/** A block's first line, and its way. */
export type Listed = readonly [begins: string, way: RingWay | RevokeWay | EdgeWay | NotExecuted];
