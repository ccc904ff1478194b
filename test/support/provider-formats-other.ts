/** Google, Firebase, Keycloak, GitHub Actions and Cloudflare Access, as they document their JWK Sets and tokens. */
import type { ProviderFormat } from "./provider-format.ts";

const API = "https://api.acme.example";
const REALM = "https://sso.acme.example/realms/main";
const APPLICATION = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";
/** A certificate is listed beside a key and never looked at. */
const X5C = ["MIIDBTCCAe2gAwIBAgIQ"];

export const OTHER_PROVIDERS: readonly ProviderFormat[] = [
  {
    name: "Google service account",
    entry: {
      issuer: "https://accounts.google.com",
      jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
      algs: ["RS256"],
      audiences: [API],
      claims: { sub: ["112233445566778899001"] },
    },
    keys: ([one]) => [{ ...one, alg: "RS256", use: "sig", kid: "c8ab71530972bba20b49f78a09c9852c43ff9118" }],
    header: [{ typ: "JWT", kid: "c8ab71530972bba20b49f78a09c9852c43ff9118" }],
    access: (now) => ({
      aud: API,
      azp: "112233445566778899001",
      email: "jobs@acme-prod.iam.gserviceaccount.com",
      email_verified: true,
      exp: now + 3600,
      iat: now,
      iss: "https://accounts.google.com",
      sub: "112233445566778899001",
    }),
    // Anyone's service account may ask for any audience.
    id: (now) => ({
      aud: API,
      azp: "998877665544332211000",
      email: "jobs@evil.iam.gserviceaccount.com",
      email_verified: true,
      exp: now + 3600,
      iat: now,
      iss: "https://accounts.google.com",
      sub: "998877665544332211000",
    }),
    scopes: [],
    refusal: "claim_not_accepted",
  },
  {
    name: "Firebase",
    entry: {
      issuer: "https://securetoken.google.com/acme-prod",
      jwks_uri: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
      algs: ["RS256"],
      audiences: ["acme-prod"],
    },
    keys: ([one]) => [{ ...one, alg: "RS256", use: "sig", kid: "1bb9605c36e98e30117a69517569386830202b2d" }],
    header: [{ typ: "JWT", kid: "1bb9605c36e98e30117a69517569386830202b2d" }],
    access: (now) => ({
      iss: "https://securetoken.google.com/acme-prod",
      aud: "acme-prod",
      auth_time: now,
      user_id: "Tk2lzvPTFwUnTvJCs7W1d0AdAX43",
      sub: "Tk2lzvPTFwUnTvJCs7W1d0AdAX43",
      iat: now,
      exp: now + 3600,
      firebase: { identities: {}, sign_in_provider: "password" },
    }),
    // All projects have the same keys.
    id: (now) => ({
      iss: "https://securetoken.google.com/evil",
      aud: "acme-prod",
      auth_time: now,
      user_id: "evil",
      sub: "evil",
      iat: now,
      exp: now + 3600,
      firebase: { identities: {}, sign_in_provider: "anonymous" },
    }),
    scopes: [],
    refusal: "issuer_unknown",
  },
  {
    name: "Keycloak",
    entry: {
      issuer: REALM,
      jwks_uri: `${REALM}/protocol/openid-connect/certs`,
      algs: ["RS256", "ES256"],
      audiences: ["orders-api"],
      claims: { typ: ["Bearer"] },
    },
    // Keys for encryption, of other types, and of a type that no Worker knows.
    keys: ([one, two], ec) => [
      { ...two, kid: "1aHnUY6L3OyfdGyrTP0hCc2H9gJEXmKdZ0PBRnKzrMQ", alg: "RSA-OAEP", use: "enc", x5c: X5C },
      { ...ec, kid: "Q7kYI0WkzV7cQ1M3V6s8c2l3m4n5o6p7q8r9s0t1u2v", alg: "ES256", use: "sig" },
      { kid: "mldsa", kty: "AKP", alg: "ML-DSA-65", use: "sig", pub: "AAAA" },
      { ...one, kid: "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE", alg: "RS256", use: "sig", x5c: X5C, x5t: "a" },
    ],
    header: [{ typ: "JWT", kid: "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE" }],
    access: (now) => ({
      exp: now + 300,
      iat: now,
      jti: "onrtac:6e6b9d1e-8d0b-4f4b-9b1a-2f1c3d4e5f60",
      iss: REALM,
      aud: ["orders-api", "account"],
      sub: "f1b2c3d4-0000-4000-8000-000000000001",
      typ: "Bearer",
      azp: "web",
      sid: "a0b1c2d3-0000-4000-8000-000000000002",
      realm_access: { roles: ["offline_access"] },
      scope: "openid orders:read",
    }),
    // Its audience mapper may put the API into ID tokens as well.
    id: (now) => ({
      exp: now + 300,
      iat: now,
      jti: "6e6b9d1e-8d0b-4f4b-9b1a-2f1c3d4e5f61",
      iss: REALM,
      aud: ["web", "orders-api"],
      sub: "f1b2c3d4-0000-4000-8000-000000000001",
      typ: "ID",
      azp: "web",
    }),
    scopes: ["openid", "orders:read"],
    refusal: "claim_not_accepted",
  },
  {
    name: "GitHub Actions",
    entry: {
      issuer: "https://token.actions.githubusercontent.com",
      jwks_uri: "https://token.actions.githubusercontent.com/.well-known/jwks",
      algs: ["RS256"],
      audiences: [API],
      claims: { repository_owner_id: ["65"], ref: ["refs/heads/main"] },
    },
    keys: ([one]) => [{ ...one, alg: "RS256", use: "sig", kid: "cc413527-173f-5a05-976e-9c52b1d7b431" }],
    header: [{ typ: "JWT", x5t: "eBZ_cn3sXYAd0ch4THBKHIgOwOE", kid: "cc413527-173f-5a05-976e-9c52b1d7b431" }],
    access: (now) => ({
      jti: "example-id",
      sub: "repo:acme@65/orders@74:ref:refs/heads/main",
      aud: API,
      ref: "refs/heads/main",
      repository: "acme/orders",
      repository_owner: "acme",
      repository_id: "74",
      repository_owner_id: "65",
      iss: "https://token.actions.githubusercontent.com",
      nbf: now,
      exp: now + 300,
      iat: now,
    }),
    // Each workflow of each repository may ask for any audience.
    id: (now) => ({
      jti: "example-id-2",
      sub: "repo:evil@66/orders@75:ref:refs/heads/main",
      aud: API,
      ref: "refs/heads/main",
      repository: "evil/orders",
      repository_owner: "evil",
      repository_id: "75",
      repository_owner_id: "66",
      iss: "https://token.actions.githubusercontent.com",
      nbf: now,
      exp: now + 300,
      iat: now,
    }),
    scopes: [],
    refusal: "claim_not_accepted",
  },
  {
    name: "Cloudflare Access",
    entry: {
      issuer: "https://acme.cloudflareaccess.com",
      jwks_uri: "https://acme.cloudflareaccess.com/cdn-cgi/access/certs",
      algs: ["RS256"],
      audiences: [APPLICATION],
      claims: { type: ["app"] },
    },
    keys: ([one, two]) => [
      { ...one, alg: "RS256", use: "sig", kid: "1a1c3986a44ce6390be42ec772b031df8f433fdc71716db821dc0c39af3bce49" },
      { ...two, alg: "RS256", use: "sig", kid: "6c3bffef71bb0a90c9cbef3b7c0d4a1c7b4b8b76b80292a623afd9dac45d1c65" },
    ],
    beside: {
      public_cert: { kid: "1a1c", cert: "-----BEGIN CERTIFICATE-----" },
      public_certs: [{ kid: "1a1c", cert: "-----BEGIN CERTIFICATE-----" }],
    },
    header: [{ typ: "JWT", kid: "1a1c3986a44ce6390be42ec772b031df8f433fdc71716db821dc0c39af3bce49" }],
    // A service token has neither a subject nor an e-mail address.
    access: (now) => ({
      type: "app",
      aud: [APPLICATION],
      exp: now + 86_400,
      iss: "https://acme.cloudflareaccess.com",
      common_name: "e367826f93b8d71185e03fe518aff3b4.access",
      iat: now,
      sub: "",
    }),
    // The session of the whole team, which opens every application.
    id: (now) => ({
      type: "org",
      aud: [APPLICATION],
      exp: now + 86_400,
      iss: "https://acme.cloudflareaccess.com",
      email: "user@acme.example",
      iat: now,
      sub: "ca639bb9-26ab-42e5-b9bf-3aea27b331fd",
    }),
    scopes: [],
    refusal: "claim_not_accepted",
  },
];
