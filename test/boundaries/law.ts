/** What each part of the package may import, as dependency-law.test.ts holds it. */

const PAGE = ["shared", "issuer/words", "issuer/console/page"];
/** What a user's project has of the gateway as well: it, its features, and the words of its policy, its log and its bindings. */
const GATEWAY = [
  "gateway.ts",
  "features/all.ts",
  "features/origins.ts",
  "policy/rule.ts",
  "request/event.ts",
  "request/refusal.ts",
].map((file) => `edge-verifier/${file}`);
/** What the files of a folder, or a file, may import: folders and files of the package, and modules of others. The longest folder counts. */
export const LAW: readonly {
  readonly folder: string;
  readonly folders: readonly string[];
  readonly modules: RegExp;
}[] = [
  { folder: "shared", folders: ["shared"], modules: /^$/ },
  // An entry point of its own: jose is loaded by those alone who pass its errors on.
  { folder: "shared/jose.ts", folders: ["shared"], modules: /^jose\/errors$/ },
  { folder: "edge-verifier", folders: ["shared", "edge-verifier"], modules: /^(?:hono(?:\/|$)|cloudflare:workers$)/ },
  // Written by users, in the words that a project with the package uses; wrangler.toml leads it to the source.
  { folder: "edge-verifier/routes.ts", folders: [], modules: /^sealgate\/edge-verifier$/ },
  { folder: "issuer", folders: ["shared", "issuer"], modules: /^(?:node:|commander$)/ },
  { folder: "issuer/kms", folders: ["shared", "issuer"], modules: /^(?:node:|@aws-sdk\/client-kms$|@smithy\/)/ },
  { folder: "issuer/secrets", folders: ["shared", "issuer"], modules: /^@aws-sdk\/client-secrets-manager$/ },
  { folder: "issuer/revocations/dynamodb", folders: ["shared", "issuer"], modules: /^@aws-sdk\/client-dynamodb$/ },
  { folder: "issuer/metrics", folders: ["shared", "issuer"], modules: /^prom-client$/ },
  { folder: "issuer/cli", folders: ["shared", "issuer"], modules: /^(?:node:|commander$|@bomb\.sh\/tab\/commander$)/ },
  { folder: "issuer/http", folders: ["shared", "issuer"], modules: /^(?:node:|hono(?:\/|$)|@hono\/node-server$)/ },
  { folder: "issuer/console", folders: ["shared", "issuer"], modules: /^(?:node:|commander$|hono(?:\/|$))/ },
  { folder: "issuer/words", folders: ["shared", "issuer/words"], modules: /^$/ },
  // What runs in the browser: nothing but the contract that both halves share, words, and itself.
  { folder: "issuer/console/page", folders: PAGE, modules: /^$/ },
  // The one room that knows both halves: the page answers by a gateway's own code. The issuer's project does not have it.
  { folder: "issuer/console/page/edge", folders: [...PAGE, ...GATEWAY], modules: /^$/ },
];
