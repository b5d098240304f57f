import path from "node:path";
import { UsageError } from "../errors.ts";
import { maskedValue, type OptionDefinition, type OptionReader, type ResolvedOption } from "./option-reader.ts";
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

/** What is configured of S3; undefined where nothing is. */
export interface S3Options {
  endpoint: string | undefined;
  region: string | undefined;
  pathStyle: boolean | undefined;
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  profile: string | undefined;
  storageClass: string | undefined;
  sse: "AES256" | "aws:kms" | undefined;
  sseKmsKeyId: string | undefined;
  objectLock: { mode: "GOVERNANCE" | "COMPLIANCE"; days: number } | undefined;
  /** Absolute. */
  caFile: string | undefined;
}

/**
 * Reads the options of S3.
 * @param cwd against which the path counts
 * @throws UsageError for a wrong value, and for options that do not go together
 */
export function resolveS3(reader: OptionReader, cwd: string): { options: S3Options; values: ResolvedOption[] } {
  const values: ResolvedOption[] = [];
  const read = <T>(definition: OptionDefinition<T>, show: (value: T) => string = String): T | undefined => {
    const { section, option } = definition;
    const { value, source } = reader.get(definition);
    values.push({ section, option, value: value === undefined ? null : show(value), source });
    return value;
  };
  // A message about it never quotes it: it may hold a password where none belongs.
  const endpoint = read<string>({ ...s3Options.endpoint, secret: true });
  const { username = "", password = "" } = endpoint === undefined ? {} : new URL(endpoint);
  if (username !== "" || password !== "")
    throw wrongTogether(reader, s3Options.endpoint, "an address without user and password", [
      "set s3.access_key_id and s3.secret_access_key",
    ]);
  const [region, pathStyle] = [read(s3Options.region), read(s3Options.pathStyle)];
  const [accessKeyId, secretAccessKey] = [
    read(s3Options.accessKeyId),
    read(s3Options.secretAccessKey, () => maskedValue),
  ];
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw wrongTogether(
      reader,
      accessKeyId === undefined ? s3Options.secretAccessKey : s3Options.accessKeyId,
      "both s3.access_key_id and s3.secret_access_key, or neither",
    );
  const [profile, storageClass] = [read(s3Options.profile), read(s3Options.storageClass)];
  const [sse, sseKmsKeyId] = [read(s3Options.sse), read(s3Options.sseKmsKeyId)];
  if (sseKmsKeyId !== undefined && sse !== "aws:kms")
    throw wrongTogether(reader, s3Options.sseKmsKeyId, "s3.sse = aws:kms beside it");
  const [mode, days] = [read(s3Options.lockMode), read(s3Options.lockDays)];
  if ((mode === undefined) !== (days === undefined))
    throw wrongTogether(
      reader,
      mode === undefined ? s3Options.lockDays : s3Options.lockMode,
      "both s3.object_lock_mode and s3.object_lock_days, or neither",
    );
  const caFile = read({
    ...s3Options.caFile,
    type: { ...pathType, parse: (text) => pathType.parse(text) && path.resolve(cwd, text) },
  });
  const options: S3Options = {
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
  return { options, values };
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
