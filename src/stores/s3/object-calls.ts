import { DeleteObjectCommand, HeadBucketCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { writeMark } from "./object-options.ts";
import type { S3Access } from "./s3-access.ts";

/** What the store tells of an object. */
export interface HeadedObject {
  sizeBytes: number;
  modifiedAt: Date;
  /** Of this very content. */
  etag: string | undefined;
  /** The write that it came from, when it was one of ours (object-options.ts). */
  mark: string | undefined;
}

/**
 * Looks at an object.
 * @returns undefined when it is not there
 * @throws RefusedError archive-missing when there is no such bucket, store-denied; AppError store-failed
 */
export async function headObject(
  access: S3Access,
  key: string,
  signal: AbortSignal,
): Promise<HeadedObject | undefined> {
  const head = await access.call(
    { operation: "HeadObject", key, signal },
    (client, options) => client.send(new HeadObjectCommand({ Bucket: access.bucket, Key: key }), options),
    ({ status }) => (status === 404 ? "missing" : undefined),
  );
  if (head === "missing") {
    // The answer to HEAD has no text that would say what is missing.
    await headBucket(access, signal);
    return undefined;
  }
  return {
    sizeBytes: head.ContentLength ?? 0,
    modifiedAt: head.LastModified ?? new Date(0),
    etag: head.ETag,
    mark: head.Metadata?.[writeMark],
  };
}

async function headBucket(access: S3Access, signal: AbortSignal): Promise<void> {
  const came = await access.call(
    { operation: "HeadBucket", signal },
    (client, options) => client.send(new HeadBucketCommand({ Bucket: access.bucket }), options),
    ({ status }) => (status === 404 ? "missing" : undefined),
  );
  if (came === "missing") throw access.errorOf({ name: "NoSuchBucket", message: "" }, { operation: "HeadBucket" });
}

/** Removes an object; one that is not there is no error. @throws as `S3Access.call` */
export async function removeObject(access: S3Access, key: string, signal: AbortSignal): Promise<void> {
  await access.call(
    { operation: "DeleteObject", key, signal },
    (client, options) => client.send(new DeleteObjectCommand({ Bucket: access.bucket, Key: key }), options),
    ({ code, status }) => (status === 404 && code !== "NoSuchBucket" ? "gone" : undefined),
  );
}
