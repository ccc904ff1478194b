/**
 * Issuers that serve many tenants: one `iss`, or one set of keys, for everyone who has an account there. A good signature and
 * the right `aud` say little about such a token, because its caller may choose the `aud`: each workflow of GitHub does. An
 * entry for one of them must name a claim that only the intended tenant can have.
 */

export interface SharedIssuer {
  /** As its users call it. */
  readonly name: string;
  /** Claims that say whose token it is; the first one is the advice. */
  readonly pins: readonly string[];
}

interface KnownIssuer extends SharedIssuer {
  /** @param jwksUri of the entry */
  readonly fits: (issuer: URL, jwksUri: URL) => boolean;
}

/** The tenant of all personal accounts (learn.microsoft.com/entra/identity-platform/access-tokens). */
const ENTRA_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";

const ENTRA_HOSTS = [
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
  "sts.windows.net",
];

const KNOWN: readonly KnownIssuer[] = [
  {
    // docs.github.com/actions/reference/security/oidc: `sub` holds names, which another account may have later.
    name: "GitHub Actions",
    pins: [
      "repository_owner_id",
      "repository_id",
      "enterprise_id",
      "sub",
      "repository",
      "repository_owner",
      "job_workflow_ref",
    ],
    fits: ({ hostname }) =>
      hostname === "token.actions.githubusercontent.com" || /^token\.actions\.[\w-]+\.ghe\.com$/.test(hostname),
  },
  {
    name: "GitLab.com",
    pins: ["project_id", "namespace_id", "sub", "project_path", "namespace_path"],
    fits: ({ hostname }) => hostname === "gitlab.com",
  },
  {
    name: "Google",
    pins: ["hd", "sub", "email"],
    fits: ({ hostname }) => hostname === "accounts.google.com",
  },
  {
    name: "Sign in with Apple",
    pins: ["sub", "email"],
    fits: ({ hostname }) => hostname === "appleid.apple.com",
  },
  ...(
    [
      ["Facebook", "www.facebook.com"],
      ["LinkedIn", "www.linkedin.com"],
      ["Slack", "slack.com"],
      ["Twitch", "id.twitch.tv"],
    ] as const
  ).map(([name, host]) => ({ name, pins: ["sub", "email"], fits: ({ hostname }: URL) => hostname === host })),
  {
    name: "Buildkite",
    pins: ["organization_id", "organization_slug", "pipeline_id", "sub"],
    fits: ({ hostname }) => hostname === "agent.buildkite.com",
  },
  {
    name: "HCP Terraform",
    pins: ["terraform_organization_id", "terraform_workspace_id", "terraform_organization_name", "sub"],
    fits: ({ hostname }) => hostname === "app.terraform.io",
  },
  {
    name: "Vercel",
    pins: ["owner_id", "project_id", "sub"],
    fits: ({ hostname, pathname }) => hostname === "oidc.vercel.com" && pathname === "/",
  },
  {
    // All of them have the same `tid`.
    name: "Entra ID's personal accounts",
    pins: ["oid", "sub"],
    fits: ({ hostname, pathname }) => ENTRA_HOSTS.includes(hostname) && pathname.includes(ENTRA_CONSUMERS),
  },
  {
    name: "Entra ID's common keys",
    pins: ["tid", "oid", "sub"],
    fits: ({ hostname }, jwksUri) =>
      ENTRA_HOSTS.includes(hostname) && /^\/(?:common|organizations|consumers)\//.test(jwksUri.pathname),
  },
];

/** @returns the issuer's name and the claims of which one has to be pinned, if it is known to serve many tenants */
export function findSharedIssuer(issuer: URL, jwksUri: URL): SharedIssuer | undefined {
  return KNOWN.find(({ fits }) => fits(issuer, jwksUri));
}

/**
 * Whether it is a user pool of Cognito: its ID tokens have the app client as `aud` and its access tokens have no `aud`, so that an
 * entry with audiences alone would take ID tokens only.
 */
export function isCognito({ hostname }: URL): boolean {
  return /^cognito-idp\.[a-z\d-]+\.amazonaws\.com(?:\.cn)?$/.test(hostname);
}
