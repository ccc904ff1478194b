/** The policies of a stack's roles, and those of docs/iam.md in the words of that stack. */
import { readFile } from "node:fs/promises";
import { objectsIn } from "../../../issuer/cli/check/worker-config.ts";
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { given, jsonObject } from "../../support/values.ts";
import type { Resource } from "./stack.ts";

const PAGE = new URL("../../../docs/iam.md", import.meta.url);

/**
 * @param sid of one of the statements
 * @param issuer of the stack
 */
export async function documentedStatements(sid: string, issuer: string): Promise<readonly JsonObject[]> {
  const page = await readFile(PAGE, "utf8");
  const documents = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  const text = given(documents.find((document) => document.includes(`"${sid}"`)))
    .replaceAll("https://auth.example.com", issuer)
    .replaceAll("111122223333", "123456789012")
    .replaceAll(/"arn:aws:dynamodb:[^"]*\/stream\/\*"/g, '"RevocationTable.StreamArn"')
    .replaceAll(/"arn:aws:dynamodb:[^"]*"/g, '"RevocationTable.Arn"');
  return objectsIn(jsonObject(text)["Statement"]);
}

/** The statements of each policy of a role, or of a policy that is a resource of its own. */
export function policiesOf(resource: Resource | undefined): readonly (readonly JsonObject[])[] {
  const properties = jsonObject(JSON.stringify(given(resource).Properties));
  const policies = "PolicyDocument" in properties ? [properties] : objectsIn(properties["Policies"]);
  return policies.map(({ PolicyDocument: document }) =>
    isJsonObject(document) ? objectsIn(document["Statement"]) : [],
  );
}
