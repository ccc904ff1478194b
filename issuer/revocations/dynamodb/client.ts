/**
 * The AWS SDK's client for DynamoDB, made when it is first needed: the package is an optional peer. Every call has a time limit.
 * Credentials and Region come from the SDK's default chain, the endpoint from `AWS_ENDPOINT_URL_DYNAMODB` if it is set.
 */
import type * as Sdk from "@aws-sdk/client-dynamodb";
import { SealgateError } from "../../errors.ts";
import { toTableFault } from "./faults.ts";

/** @param table name or ARN; the Region is the ARN's, else the SDK's */
export function createTableClient(table: string): TableClient {
  let loaded: Loaded | undefined;
  return {
    table,
    async call(action, isExpected, send, whole) {
      // The promise is not kept: Lambda freezes a process between invocations, and no call waits for what another has begun.
      loaded ??= await load(table);
      const { sdk, client } = loaded;
      try {
        const one = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
        return await send(sdk, client, { abortSignal: whole === undefined ? one : AbortSignal.any([one, whole]) });
      } catch (error) {
        if (error instanceof Error && error.name === isExpected) return undefined;
        throw toTableFault(error, table, action);
      }
    },
  };
}

export interface TableClient {
  readonly table: string;
  /**
   * Runs one call.
   * @param action as IAM calls it, without the service
   * @param isExpected name of the exception that is an answer
   * @param whole ends the call, too: the time limit of something that takes several calls
   * @returns undefined for that exception
   * @throws SealgateError `revocation_table_…`
   */
  call<Answer>(
    action: string,
    isExpected: string | undefined,
    send: (
      sdk: typeof Sdk,
      client: Sdk.DynamoDBClient,
      options: { readonly abortSignal: AbortSignal },
    ) => Promise<Answer>,
    whole?: AbortSignal,
  ): Promise<Answer | undefined>;
}

interface Loaded {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.DynamoDBClient;
}

const TOTAL_TIMEOUT_MS = 10_000;
const ATTEMPT_TIMEOUT_MS = 3000;
const CONNECTION_TIMEOUT_MS = 1000;

/** arn:aws:dynamodb:<Region>:<account>:table/<name> */
const TABLE_ARN = /^arn:[\w-]+:dynamodb:([\w-]+):\d+:table\/[\w.-]+$/;

async function load(table: string): Promise<Loaded> {
  const sdk = await loadSdk(table);
  const [, region] = TABLE_ARN.exec(table) ?? [];
  const client = new sdk.DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    maxAttempts: 3,
    customUserAgent: "sealgate",
    requestHandler: {
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return { sdk, client };
}

async function loadSdk(table: string): Promise<typeof Sdk> {
  try {
    return await import("@aws-sdk/client-dynamodb");
  } catch (cause) {
    const message = `Table ${table}: the package @aws-sdk/client-dynamodb is not installed. Install it.`;
    throw new SealgateError("revocation_table_failed", message, { cause });
  }
}
