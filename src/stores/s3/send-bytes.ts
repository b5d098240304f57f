import { Readable } from "node:stream";
import { PutObjectCommand, UploadPartCommand, type CompletedPart } from "@aws-sdk/client-s3";
import { objectOptions, sendsChecksums } from "./object-options.ts";
import type { PartBuffer } from "./part-buffer.ts";
import type { S3Access } from "./s3-access.ts";
import { withCondition } from "./when-absent.ts";

/**
 * Sends a part until the server has it whole: it compares the SHA-256 that is signed with the request.
 * @returns what completing the upload needs to know of it
 */
export async function sendPart(
  access: S3Access,
  part: PartBuffer,
  upload: { key: string; uploadId: string; number: number; signal: AbortSignal },
): Promise<CompletedPart> {
  const { key, uploadId, number, signal } = upload;
  const sha256 = part.digest();
  const checksum = checksumOf(access, sha256);
  const sent = await access.call({ operation: "UploadPart", key, signal }, (client, { abortSignal }) =>
    withBody(part, abortSignal, async (body, sending) => {
      const command = new UploadPartCommand({
        Bucket: access.bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: number,
        Body: body,
        ContentLength: part.filledBytes,
        ...checksum,
      });
      command.middlewareStack.add((next) => (args) => next(signDigest(args, sha256)), { step: "build" });
      return await client.send(command, { abortSignal: sending });
    }),
  );
  return { PartNumber: number, ETag: sent.ETag, ChecksumSHA256: checksum.ChecksumSHA256 };
}

/**
 * Sends a whole object at once.
 * @param isNew the server is to refuse it when something has that name, where it knows how to
 * @returns whether something had that name; it may be what an earlier attempt sent
 */
export async function sendObject(
  access: S3Access,
  part: PartBuffer,
  object: { key: string; mark: string; isNew: boolean; signal: AbortSignal },
): Promise<"sent" | "taken"> {
  const { key, mark, isNew, signal } = object;
  const sha256 = part.digest();
  return await withCondition(isNew, (condition, settle) =>
    access.call(
      { operation: "PutObject", key, signal },
      (client, { abortSignal }) =>
        withBody(part, abortSignal, async (body, sending) => {
          const command = new PutObjectCommand({
            Bucket: access.bucket,
            Key: key,
            Body: body,
            ContentLength: part.filledBytes,
            ...checksumOf(access, sha256),
            ...condition,
            ...objectOptions(access, mark),
          });
          command.middlewareStack.add((next) => (args) => next(signDigest(args, sha256)), { step: "build" });
          await client.send(command, { abortSignal: sending });
          return "sent" as const;
        }),
      settle,
    ),
  );
}

/**
 * Sends a part's bytes once. The SDK does not look at what becomes of a stream: one that cannot be read on ends the request.
 * @throws what the stream came to
 */
async function withBody<Result>(
  part: PartBuffer,
  signal: AbortSignal,
  send: (body: Uint8Array | Readable, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const body = part.body();
  if (!(body instanceof Readable)) return await send(body, signal);
  const broken = new AbortController();
  body.on("error", (error) => broken.abort(error));
  try {
    return await send(body, AbortSignal.any([signal, broken.signal]));
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    body.destroy();
  }
}

interface Checksum {
  ChecksumAlgorithm?: "SHA256";
  ChecksumSHA256?: string;
}

function checksumOf(access: S3Access, sha256: Buffer): Checksum {
  if (!sendsChecksums(access)) return {};
  return { ChecksumAlgorithm: "SHA256", ChecksumSHA256: sha256.toString("base64") };
}

/** Has the digest that is known already signed, instead of having it computed anew for each attempt. */
function signDigest<Args extends { request: unknown }>(args: Args, sha256: Buffer): Args {
  const { headers } = args.request as { headers: Record<string, string> };
  headers["x-amz-content-sha256"] = sha256.toString("hex");
  return args;
}
