import type { CreateMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import type { S3Access } from "./s3-access.ts";
import { isAws } from "./s3-client.ts";

/** Name of the metadata by which a run knows an object again that it has completed: `x-amz-meta-ngwbackup-write`. */
export const writeMark = "ngwbackup-write";

const dayMs = 24 * 60 * 60 * 1000;

/**
 * How a new object is to be kept.
 * @param mark of this run's write
 */
export function objectOptions(
  { settings, surroundings }: S3Access,
  mark: string,
): Omit<CreateMultipartUploadCommandInput, "Bucket" | "Key"> {
  const { storageClass, sse, sseKmsKeyId, objectLock } = settings;
  return {
    ContentType: "application/zip",
    Metadata: { [writeMark]: mark },
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as "STANDARD" }),
    ...(sse === undefined ? {} : { ServerSideEncryption: sse }),
    ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }),
    ...(objectLock === undefined
      ? {}
      : {
          ObjectLockMode: objectLock.mode,
          ObjectLockRetainUntilDate: new Date(surroundings.now().getTime() + objectLock.days * dayMs),
        }),
  };
}

/**
 * Whether S3's own checksum is sent with each part, beside the SHA-256 that is signed. AWS keeps it, and wants one where objects are
 * locked; some other servers refuse what they do not know.
 */
export function sendsChecksums({ settings }: S3Access): boolean {
  return isAws(settings) || settings.objectLock !== undefined;
}
