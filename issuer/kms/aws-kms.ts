/**
 * The KMS port over the AWS SDK: one method per call, pages joined, answers reduced to sealgate's shapes. Time limits and
 * retries are in `aws-client.ts`, the meaning of errors in `faults.ts`. The only file that names commands of the SDK.
 */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdateAliasCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import type { AliasListEntry, KeyMetadata } from "@aws-sdk/client-kms";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { SealgateError } from "../errors.ts";
import { createAwsClient } from "./aws-client.ts";
import type { AwsClientOptions } from "./aws-client.ts";
import { isKmsError, requireSameKey } from "./faults.ts";
import type { Kms, KmsAlias, KmsKey, KmsSignRequest, KmsTags } from "./port.ts";

/**
 * KMS through the AWS SDK.
 * @throws TypeError for options that make no sense
 */
export function createAwsKms(options: AwsClientOptions = {}): Kms {
  const { client, call, serverTimeOf } = createAwsClient(options);
  return {
    async describeKey(keyId) {
      const command = new DescribeKeyCommand({ KeyId: keyId });
      const answer = await call("DescribeKey", keyId, command, (http) => client.send(command, http));
      const key = toKey(present(answer.KeyMetadata, "DescribeKey", "KeyMetadata"));
      return { ...key, serverTime: serverTimeOf(command) };
    },

    async getPublicKey(keyId) {
      const command = new GetPublicKeyCommand({ KeyId: keyId });
      const answer = await call("GetPublicKey", keyId, command, (http) => client.send(command, http));
      return {
        keyArn: present(answer.KeyId, "GetPublicKey", "KeyId"),
        keySpec: present(answer.KeySpec, "GetPublicKey", "KeySpec"),
        keyUsage: present(answer.KeyUsage, "GetPublicKey", "KeyUsage"),
        spki: present(answer.PublicKey, "GetPublicKey", "PublicKey"),
      };
    },

    async sign(request) {
      const command = new SignCommand(toSignInput(request));
      const answer = await call("Sign", request.keyArn, command, (http) => client.send(command, http));
      return {
        keyArn: present(answer.KeyId, "Sign", "KeyId"),
        signature: present(answer.Signature, "Sign", "Signature"),
        serverTime: serverTimeOf(command),
      };
    },

    async verify(request) {
      const command = new VerifyCommand({ ...toSignInput(request), Signature: request.signature });
      const answer = await call("Verify", request.keyArn, command, (http) =>
        client.send(command, http).catch(unlessKmsError("KMSInvalidSignatureException", undefined)),
      );
      if (answer !== undefined) requireSameKey("Verify", request.keyArn, present(answer.KeyId, "Verify", "KeyId"));
      return answer?.SignatureValid === true;
    },

    async createKey({ keySpec, description, tags, policy }) {
      const command = new CreateKeyCommand({
        KeySpec: keySpec,
        KeyUsage: "SIGN_VERIFY",
        Description: description,
        Tags: toTagList(tags),
        ...(policy === undefined ? {} : { Policy: policy }),
      });
      const answer = await call("CreateKey", undefined, command, (http) => client.send(command, http));
      return toKey(present(answer.KeyMetadata, "CreateKey", "KeyMetadata"));
    },

    async listKeys() {
      const pages = await allPages(async (Marker) => {
        const command = new ListKeysCommand({ Marker });
        const page = await call("ListKeys", undefined, command, (http) => client.send(command, http));
        return { items: page.Keys, next: page.NextMarker };
      });
      return pages.map((key) => present(key.KeyArn, "ListKeys", "KeyArn"));
    },

    async tagKey(keyId, tags) {
      // TagResource and ListResourceTags take no alias.
      const command = new TagResourceCommand({ KeyId: keyId, Tags: toTagList(tags) });
      await call("TagResource", keyId, command, (http) => client.send(command, http));
    },

    async listTags(keyId) {
      const tags = await allPages(async (Marker) => {
        const command = new ListResourceTagsCommand({ KeyId: keyId, Marker });
        const page = await call("ListResourceTags", keyId, command, (http) => client.send(command, http));
        return { items: page.Tags, next: page.NextMarker };
      });
      return Object.fromEntries(
        tags.map((tag) => [present(tag.TagKey, "ListResourceTags", "TagKey"), tag.TagValue ?? ""]),
      );
    },

    async disableKey(keyId) {
      const command = new DisableKeyCommand({ KeyId: keyId });
      await call("DisableKey", keyId, command, (http) => client.send(command, http));
    },

    async scheduleKeyDeletion(keyId, pendingDays) {
      const command = new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: pendingDays });
      await call("ScheduleKeyDeletion", keyId, command, (http) => client.send(command, http));
    },

    async createAlias(aliasName, targetKeyId) {
      const command = new CreateAliasCommand({ AliasName: aliasName, TargetKeyId: targetKeyId });
      return call("CreateAlias", aliasName, command, (http) =>
        client
          .send(command, http)
          .then(() => "created" as const, unlessKmsError("AlreadyExistsException", "exists" as const)),
      );
    },

    async updateAlias(aliasName, targetKeyId) {
      const command = new UpdateAliasCommand({ AliasName: aliasName, TargetKeyId: targetKeyId });
      await call("UpdateAlias", aliasName, command, (http) => client.send(command, http));
    },

    async listAliases(prefix) {
      const entries = await allPages(async (Marker) => {
        const command = new ListAliasesCommand({ Marker });
        const page = await call("ListAliases", undefined, command, (http) => client.send(command, http));
        return { items: page.Aliases, next: page.NextMarker };
      });
      return entries.filter(({ AliasName }) => AliasName?.startsWith(prefix)).flatMap(toAliases);
    },
  };
}

function toSignInput(request: KmsSignRequest): ConstructorParameters<typeof SignCommand>[0] {
  return {
    KeyId: request.keyArn,
    Message: request.message,
    MessageType: request.messageType,
    SigningAlgorithm: request.signingAlgorithm,
  };
}

function toKey(metadata: KeyMetadata): KmsKey {
  return {
    keyArn: present(metadata.Arn, "DescribeKey", "Arn"),
    keySpec: present(metadata.KeySpec, "DescribeKey", "KeySpec"),
    keyUsage: present(metadata.KeyUsage, "DescribeKey", "KeyUsage"),
    keyState: present(metadata.KeyState, "DescribeKey", "KeyState"),
    createdAt: toEpochSeconds(present(metadata.CreationDate, "DescribeKey", "CreationDate")),
    description: metadata.Description,
    ...relatedArnsOf(metadata),
    deletionAt: metadata.DeletionDate === undefined ? undefined : toEpochSeconds(metadata.DeletionDate),
  };
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_MultiRegionConfiguration.html */
function relatedArnsOf({ Arn, MultiRegionConfiguration: related }: KeyMetadata): Pick<KmsKey, "relatedArns"> {
  const arns = [related?.PrimaryKey, ...(related?.ReplicaKeys ?? [])].flatMap((key) => key?.Arn ?? []);
  const relatedArns = arns.filter((arn) => arn !== Arn);
  return relatedArns.length === 0 ? {} : { relatedArns };
}

/** Nothing for an alias without a target: AWS reserves such names for its own keys. */
function toAliases(entry: AliasListEntry): readonly KmsAlias[] {
  if (entry.TargetKeyId === undefined) return [];
  const createdAt = toEpochSeconds(present(entry.CreationDate, "ListAliases", "CreationDate"));
  return [
    {
      aliasName: present(entry.AliasName, "ListAliases", "AliasName"),
      targetKeyId: entry.TargetKeyId,
      createdAt,
      updatedAt: entry.LastUpdatedDate === undefined ? createdAt : toEpochSeconds(entry.LastUpdatedDate),
    },
  ];
}

function toTagList(tags: KmsTags): { TagKey: string; TagValue: string }[] {
  return Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}

interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly next: string | undefined;
}

async function allPages<Item>(read: (marker: string | undefined) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const all: Item[] = [];
  let marker: string | undefined;
  do {
    const page = await read(marker);
    all.push(...(page.items ?? []));
    marker = page.next;
  } while (marker !== undefined);
  return all;
}

/** Turns one error of KMS's into an ordinary outcome and passes all others on. */
function unlessKmsError<Outcome>(name: string, outcome: Outcome): (error: unknown) => Outcome {
  return (error) => {
    if (isKmsError(error, name)) return outcome;
    throw error;
  };
}

/** A member that KMS always sends; its absence means that the answer does not come from KMS. */
function present<Value>(value: Value | undefined, operation: string, member: string): Value {
  if (value !== undefined) return value;
  const message = `KMS ${operation}: the answer lacks ${member}. Check that the endpoint is KMS (AWS_ENDPOINT_URL_KMS).`;
  throw new SealgateError("kms_internal", message, { retryable: true });
}

function toEpochSeconds(date: Date): EpochSeconds {
  const time = parseEpochSeconds(date.getTime() / 1000);
  if (time !== undefined) return time;
  throw new SealgateError("kms_internal", "KMS's answer holds an invalid date.", { retryable: true });
}
