import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import type { S3Access } from "./s3-access.ts";
import type { S3Keys } from "./s3-keys.ts";
import { abortUpload, partTimes, recordedUploads } from "./upload-records.ts";

/**
 * Aborts uploads of a key of which only the server knows, because its answer was lost: they have no part, and no run has recorded them.
 * Where listing them is not allowed they stay; they hold no bytes.
 */
export async function abortUnheard(access: S3Access, keys: S3Keys, key: string, signal: AbortSignal): Promise<void> {
  const page = await access.call(
    { operation: "ListMultipartUploads", signal },
    (client, options) => client.send(new ListMultipartUploadsCommand({ Bucket: access.bucket, Prefix: key }), options),
    ({ status }) => (status === 403 || status === 501 ? "unknown" : undefined),
  );
  if (page === "unknown") return;
  const candidates = (page.Uploads ?? []).filter(({ Key }) => Key === key);
  if (candidates.length === 0) return;
  const recorded = new Set<string>();
  for await (const { upload } of recordedUploads(access, keys, signal)) recorded.add(upload.uploadId);
  for (const { UploadId: uploadId } of candidates) {
    if (uploadId === undefined || recorded.has(uploadId)) continue;
    if ((await partTimes(access, { key, uploadId }, signal)).length > 0) continue;
    await abortUpload(access, { key, uploadId }, signal);
  }
}
