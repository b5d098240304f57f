import type { S3Settings } from "../stores/s3/s3-settings.ts";
import { UsageError } from "../errors.ts";
import { type OptionDefinition, type OptionReader, type ResolvedOption } from "./option-reader.ts";
import { ShownOptions } from "./shown-options.ts";
import { ownSection } from "./option-table.ts";
import { booleanType, choiceType, integerType, pathType, textType, urlType, type ValueType } from "./value-types.ts";

const storageClassType: ValueType<string> = {
  expected: "a storage class such as STANDARD_IA",
  parse: (text) => (/^[A-Z][A-Z0-9_]*$/.test(text) ? text : undefined),
};

/** Options of stores that speak S3. */
export const s3Options = {
  endpoint: { section: ownSection, option: "s3.endpoint", type: urlType },
  region: { section: ownSection, option: "s3.region", type: textType },
  pathStyle: { section: ownSection, option: "s3.path_style", type: booleanType },
  accessKeyId: { section: ownSection, option: "s3.access_key_id", type: textType },
  secretAccessKey: { section: ownSection, option: "s3.secret_access_key", type: textType, secret: true },
  profile: { section: ownSection, option: "s3.profile", type: textType },
  storageClass: { section: ownSection, option: "s3.storage_class", type: storageClassType },
  sse: { section: ownSection, option: "s3.sse", type: choiceType("AES256", "aws:kms") },
  sseKmsKeyId: { section: ownSection, option: "s3.sse_kms_key_id", type: textType },
  lockMode: { section: ownSection, option: "s3.object_lock_mode", type: choiceType("GOVERNANCE", "COMPLIANCE") },
  lockDays: { section: ownSection, option: "s3.object_lock_days", type: integerType(1, 36_500) },
  caFile: { section: ownSection, option: "s3.ca_file", type: pathType },
} satisfies Record<string, OptionDefinition<unknown>>;

/**
 * Reads the options of S3.
 * @param cwd against which the path counts
 * @throws UsageError for a wrong value, and for options that do not go together
 */
export function resolveS3(reader: OptionReader, cwd: string): { options: S3Settings; values: ResolvedOption[] } {
  const shown = new ShownOptions(reader, cwd);
  // A message about it never quotes it: it may hold a password where none belongs.
  const endpoint = shown.read<string>({ ...s3Options.endpoint, secret: true }, String);
  const { username = "", password = "" } = endpoint === undefined ? {} : new URL(endpoint);
  if (username !== "" || password !== "")
    throw wrongTogether(reader, s3Options.endpoint, "an address without user and password", [
      "set s3.access_key_id and s3.secret_access_key",
    ]);
  const [region, pathStyle] = [shown.read(s3Options.region), shown.read(s3Options.pathStyle)];
  const [accessKeyId, secretAccessKey] = [shown.read(s3Options.accessKeyId), shown.read(s3Options.secretAccessKey)];
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw wrongTogether(
      reader,
      accessKeyId === undefined ? s3Options.secretAccessKey : s3Options.accessKeyId,
      "both s3.access_key_id and s3.secret_access_key, or neither",
    );
  const [profile, storageClass] = [shown.read(s3Options.profile), shown.read(s3Options.storageClass)];
  const [sse, sseKmsKeyId] = [shown.read(s3Options.sse), shown.read(s3Options.sseKmsKeyId)];
  if (sseKmsKeyId !== undefined && sse !== "aws:kms")
    throw wrongTogether(reader, s3Options.sseKmsKeyId, "s3.sse = aws:kms beside it");
  const [mode, days] = [shown.read(s3Options.lockMode), shown.read(s3Options.lockDays)];
  if ((mode === undefined) !== (days === undefined))
    throw wrongTogether(
      reader,
      mode === undefined ? s3Options.lockDays : s3Options.lockMode,
      "both s3.object_lock_mode and s3.object_lock_days, or neither",
    );
  const caFile = shown.readPath(s3Options.caFile);
  const options: S3Settings = {
    endpoint,
    region,
    pathStyle,
    accessKeyId,
    secretAccessKey,
    profile,
    storageClass,
    sse,
    sseKmsKeyId,
    objectLock: mode === undefined || days === undefined ? undefined : { mode, days },
    caFile,
  };
  return { options, values: shown.values };
}

function wrongTogether(
  reader: OptionReader,
  definition: OptionDefinition<unknown>,
  expected: string,
  hints: readonly string[] = [],
): UsageError {
  const { source } = reader.get(definition);
  const { section, option } = definition;
  return new UsageError("wrong-value", `${source}: [${section}] ${option}: expected ${expected}`, { hints });
}
