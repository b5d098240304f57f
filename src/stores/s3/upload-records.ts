import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describeOwner, isOwnerAlive, type RunOwner } from "../../run-owner.ts";
import { ownedTemporaryName, parseTemporaryName } from "../temporary-names.ts";
import { listKeys } from "./list-keys.ts";
import type { S3Access } from "./s3-access.ts";
import type { S3Keys } from "./s3-keys.ts";

/** An upload of another host is taken for a dead run's when no part has come for so long. */
const foreignRestMs = 2 * 24 * 60 * 60 * 1000;

/** An upload that is under way. */
export interface UploadId {
  key: string;
  uploadId: string;
}

/**
 * Notes an upload in a small object beside the archives, whose name is that of a temporary file (temporary-names.ts) and tells
 * which process is at work: S3 itself keeps nothing with an upload by which a dead run's could be told from a live one's.
 * @returns the key of the record
 */
export async function recordUpload(
  access: S3Access,
  { prefix }: S3Keys,
  upload: UploadId,
  signal: AbortSignal,
): Promise<string> {
  const flatName = upload.key.slice(prefix.length).replaceAll("/", "_");
  const recordKey = prefix + ownedTemporaryName(flatName, await describeOwner(access.surroundings.pid));
  await access.call({ operation: "PutObject", key: recordKey, signal }, (client, options) =>
    client.send(new PutObjectCommand({ Bucket: access.bucket, Key: recordKey, Body: JSON.stringify(upload) }), options),
  );
  return recordKey;
}

/** Removes a record; where that is not allowed it stays, and does no harm. */
export async function forgetUpload(access: S3Access, recordKey: string, signal: AbortSignal): Promise<void> {
  await access.call(
    { operation: "DeleteObject", key: recordKey, signal },
    (client, options) => client.send(new DeleteObjectCommand({ Bucket: access.bucket, Key: recordKey }), options),
    ({ status }) => (status === 403 || status === 404 ? "stays" : undefined),
  );
}

/** Ends an upload and frees its parts; one that is no more is no error. @returns whether it was there */
export async function abortUpload(
  access: S3Access,
  { key, uploadId }: UploadId,
  signal: AbortSignal,
): Promise<boolean> {
  const came = await access.call(
    { operation: "AbortMultipartUpload", key, signal },
    (client, options) =>
      client.send(new AbortMultipartUploadCommand({ Bucket: access.bucket, Key: key, UploadId: uploadId }), options),
    ({ code, status }) => (code === "NoSuchUpload" || status === 404 ? "gone" : undefined),
  );
  return came !== "gone";
}

/**
 * Aborts the uploads of dead runs that are recorded below a prefix: of this host when their process is gone, of others when no part
 * came for two days.
 * @returns the URLs that were being written
 */
export async function clearDeadUploads(
  access: S3Access,
  keys: S3Keys,
  now: Date,
  signal: AbortSignal,
): Promise<string[]> {
  const cleared: string[] = [];
  for await (const { recordKey, recordedAt, run, upload } of recordedUploads(access, keys, signal)) {
    if (run.isOurHost && (await isOwnerAlive(run.owner))) continue;
    if (!run.isOurHost) {
      const lastMs = Math.max(recordedAt.getTime(), ...(await partTimes(access, upload, signal)));
      if (now.getTime() - lastMs <= foreignRestMs) continue;
    }
    if (await abortUpload(access, upload, signal)) cleared.push(access.urlOf(upload.key));
    await forgetUpload(access, recordKey, signal);
  }
  return cleared;
}

/** An upload that a run has noted, and when. */
export interface RecordedUpload {
  recordKey: string;
  recordedAt: Date;
  run: { owner: RunOwner; isOurHost: boolean };
  upload: UploadId;
}

/** The records below a prefix, of live runs and dead ones. */
export async function* recordedUploads(
  access: S3Access,
  keys: S3Keys,
  signal: AbortSignal,
): AsyncGenerator<RecordedUpload> {
  for await (const { key: recordKey, modifiedAt: recordedAt } of listKeys(access, `${keys.prefix}.`, signal)) {
    const run = parseTemporaryName(recordKey.slice(keys.prefix.length));
    if (run === undefined) continue;
    const upload = await readRecord(access, keys, recordKey, signal);
    if (upload !== undefined) yield { recordKey, recordedAt, run, upload };
  }
}

/** Undefined when it is gone, or none of ours. */
async function readRecord(
  access: S3Access,
  { prefix }: S3Keys,
  recordKey: string,
  signal: AbortSignal,
): Promise<UploadId | undefined> {
  const text = await access.call(
    { operation: "GetObject", key: recordKey, signal },
    async (client, options) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: access.bucket, Key: recordKey }), options);
      return await Body?.transformToString();
    },
    ({ status }) => (status === 404 ? "" : undefined),
  );
  try {
    const { key, uploadId } = JSON.parse(text ?? "") as Partial<UploadId>;
    const isOurs = typeof key === "string" && typeof uploadId === "string" && key.startsWith(prefix);
    return isOurs ? { key, uploadId } : undefined;
  } catch {
    return undefined;
  }
}

/** When the parts of an upload came; none when it is gone. */
export async function partTimes(access: S3Access, { key, uploadId }: UploadId, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  let marker: string | undefined;
  do {
    const page = await access.call(
      { operation: "ListParts", key, signal },
      (client, options) =>
        client.send(
          new ListPartsCommand({ Bucket: access.bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker }),
          options,
        ),
      ({ status }) => (status === 404 ? "gone" : undefined),
    );
    if (page === "gone") return times;
    for (const { LastModified } of page.Parts ?? []) if (LastModified !== undefined) times.push(LastModified.getTime());
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return times;
}
