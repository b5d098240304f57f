import { type Readable, addAbortSignal } from "node:stream";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import type { LandingOptions } from "./range-handler.ts";
import type { S3Access } from "./s3-access.ts";

/** The content that is read: of a key, as long as its ETag is this one. */
export interface FetchedObject {
  key: string;
  etag: string | undefined;
}

/**
 * Fetches a range into a buffer, all of it. A connection that breaks is taken up again at the byte where it broke; patience is
 * counted anew with each byte that came.
 * @throws AppError archive-changed when the object was replaced or removed meanwhile, store-failed; RefusedError store-denied; the
 * signal's reason
 */
export async function fetchRange(
  access: S3Access,
  { key, etag }: FetchedObject,
  offsetBytes: number,
  into: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  for (let failures = 0; done < into.length;) {
    const before = done;
    try {
      await fetchOnce(
        access,
        { key, etag },
        offsetBytes + done,
        into.subarray(done),
        signal,
        (bytes) => (done += bytes),
      );
      // An answer that ends early without an error is a broken connection all the same.
      if (done < into.length) throw Object.assign(new Error("the answer ended early"), { code: "ECONNRESET" });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      failures = done > before ? 1 : failures + 1;
      if (failures >= access.attempts) throw access.errorOf(error, { operation: "GetObject", key });
      await access.pause(failures, signal);
    }
  }
}

/** @param onBytes told how many bytes have come, also when it throws */
async function fetchOnce(
  access: S3Access,
  { key, etag }: FetchedObject,
  fromBytes: number,
  into: Uint8Array,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const range = `bytes=${fromBytes}-${fromBytes + into.length - 1}`;
  const landing: LandingOptions["landing"] = { into, fromBytes, arrivedBytes: 0 };
  let attempts = 0;
  const answer = await access.call(
    { operation: "GetObject", key, signal },
    (client, options) => {
      const command = new GetObjectCommand({ Bucket: access.bucket, Key: key, Range: range, IfMatch: etag });
      attempts += 1;
      // The SDK hands its options on to whoever carries the request. What is refused is asked for twice: once is enough of that.
      const carried: typeof options & Partial<LandingOptions> = attempts > 1 ? options : { ...options, landing };
      return client.send(command, carried);
    },
    ({ status }) => (status === 404 || status === 412 || status === 416 ? "changed" : undefined),
  );
  if (answer === "changed") throw changed(access, key);
  try {
    const body = answer.Body as Readable;
    if (landing.arrived !== undefined) await landing.arrived;
    // Not every server knows conditions. Nothing must land any more when this is over.
    if (isOther(answer.ETag, etag)) {
      body.destroy();
      throw changed(access, key);
    }
    if (landing.arrived !== undefined) return;
    if (answer.ContentRange?.startsWith(`bytes ${fromBytes}-`) !== true) {
      body.destroy();
      throw wrongRange(access, key);
    }
    await drain(body, signal, (chunk) => {
      if (chunk.length > into.length - landing.arrivedBytes) throw wrongRange(access, key);
      into.set(chunk, landing.arrivedBytes);
      landing.arrivedBytes += chunk.length;
    });
  } finally {
    onBytes(landing.arrivedBytes);
  }
}

/** Takes all of a stream, by events: a promise for each of its small chunks would cost as much as the chunks themselves. */
async function drain(body: Readable, signal: AbortSignal, onChunk: (chunk: Buffer) => void): Promise<void> {
  addAbortSignal(signal, body);
  await new Promise<void>((resolve, reject) => {
    body.on("data", (chunk: Buffer) => {
      try {
        onChunk(chunk);
      } catch (error) {
        body.destroy();
        reject(error);
      }
    });
    body.once("end", resolve);
    body.once("error", reject);
    body.once("close", () => reject(Object.assign(new Error("the answer broke off"), { code: "ECONNRESET" })));
  });
}

/** Weak or strong, in quotes or without: servers are not at one about that. */
function isOther(found: string | undefined, wanted: string | undefined): boolean {
  const bare = (etag: string): string => etag.replace(/^W\//, "").replaceAll('"', "");
  return found !== undefined && wanted !== undefined && bare(found) !== bare(wanted);
}

function changed(access: S3Access, key: string): AppError {
  return new AppError("archive-changed", `${access.urlOf(key)} was replaced or removed while it was read`, {
    hints: ["start again"],
  });
}

function wrongRange(access: S3Access, key: string): AppError {
  return new AppError(
    "store-failed",
    `the store does not answer with the range of ${access.urlOf(key)} that was asked for`,
  );
}
