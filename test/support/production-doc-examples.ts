/** The blocks of docs/production.md: a part of the list in doc-examples.ts. */
import type { Listed } from "./example-ways.ts";

const CLOUDFLARE = { because: "creates something in a Cloudflare account" };
const OUTPUT = { because: "what the command before prints" };
const DEPLOYED = { because: "asks a deployed gateway; the runbooks do the same in test/e2e/ring/runbooks.test.ts" };
const MOTO = { because: "test/e2e/deploy/template.test.ts runs it with AWS's CLI on an emulator of AWS" };
const LAMBDA = {
  because: "asks Lambda; test/e2e/deploy/template.test.ts gives the same event to the archive's handler in Node",
};

export const PRODUCTION_EXAMPLES: readonly Listed[] = [
  ["npx wrangler kv namespace create KEY_SETS --env production", CLOUDFLARE],
  [
    "export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1        # the SDK reads the one, the CLI the other",
    MOTO,
  ],
  ["read -rs TOKEN", MOTO],
  ["npm run package:lambda", MOTO],
  ["dist/lambda-zip/reconcile.zip: 207789 bytes, SHA-256 f27bcc08…", OUTPUT],
  ['aws s3 mb "s3://$CODE_BUCKET"', MOTO],
  [
    "SECRET=$(aws secretsmanager describe-secret --secret-id sealgate/cloudflare-token --query ARN --output text)",
    MOTO,
  ],
  ['ROLE=$(aws cloudformation describe-stacks --stack-name "$STACK" --output text \\', MOTO],
  [
    'export SEALGATE_CLOUDFLARE_TOKEN_SECRET=sealgate/cloudflare-token SEALGATE_REVOCATION_TABLE="$STACK-revocations"',
    MOTO,
  ],
  [
    "AWS_PROFILE=sealgate sealgate check --env production",
    {
      because:
        "wants a Worker's project that is filled in; test/unit/issuer/cli/check has one, and a ring, a table and a list",
    },
  ],
  ["npm run deploy", CLOUDFLARE],
  ["export GATEWAY=https://api.example.com", DEPLOYED],
  [
    "# Staging, then production. No key of AWS is stored: GitHub vouches for the job (OIDC), and AWS gives it a role for an hour",
    { because: "a workflow for GitHub; test/unit/docs/workflows.test.ts reads it, step by step" },
  ],
  ['aws lambda invoke --function-name "$STACK-sign" --cli-binary-format raw-in-base64-out \\', LAMBDA],
  ['aws lambda invoke --function-name "$STACK-revoke" --cli-binary-format raw-in-base64-out \\', LAMBDA],
];
