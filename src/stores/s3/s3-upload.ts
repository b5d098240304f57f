import { randomUUID } from "node:crypto";
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, type CompletedPart } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { objectOptions, sendsChecksums } from "./object-options.ts";
import { MemoryParts, openFilePart, type PartBuffer } from "./part-buffer.ts";
import { mostParts, partSizeBytes, partsAtOnce, type PartPlan } from "./part-sizes.ts";
import type { S3Access } from "./s3-access.ts";
import type { S3Keys } from "./s3-keys.ts";
import { sendObject, sendPart } from "./send-bytes.ts";
import { abortUpload, forgetUpload, recordUpload, type UploadId } from "./upload-records.ts";
import { abortUnheard } from "./unheard-uploads.ts";
import { withCondition } from "./when-absent.ts";

/** What is written, and how. */
export interface UploadOptions {
  key: string;
  plan: PartPlan;
  /** Ends sending, with its reason; `abort` calls with one of its own. */
  signal: AbortSignal;
}

/** How an attempt to give the object its name ended: `gone` when the upload is no more, which may be since it succeeded before. */
export type Completion = "sent" | "taken" | "gone";

/** The bytes of one object on their way: cut into parts, several of which are sent while the next is filled. */
export class S3Upload {
  /** By which the object is known again. */
  readonly mark = randomUUID();
  #access: S3Access;
  #keys: S3Keys;
  #options: UploadOptions;
  #stop = new AbortController();
  #signal: AbortSignal;
  #memory: MemoryParts;
  #filling: PartBuffer | undefined;
  #upload: (UploadId & { recordKey: string }) | undefined;
  #sending = new Set<Promise<void>>();
  #sent: CompletedPart[] = [];
  #partNumber = 1;
  /** The server may have begun an upload without our hearing of it. */
  #mayBeUnheard = false;
  #failure: { error: unknown } | undefined;
  /** Of all that was written. */
  writtenBytes = 0;

  constructor(access: S3Access, keys: S3Keys, options: UploadOptions) {
    this.#access = access;
    this.#keys = keys;
    this.#options = options;
    this.#memory = new MemoryParts(options.plan.memoryBytes);
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  /** @throws what sending an earlier part came to, or the signal's reason */
  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      this.#throwFailure();
      const part = (this.#filling ??= await this.#openPart());
      const taken = await part.append(chunk.subarray(done));
      done += taken;
      this.writtenBytes += taken;
      if (part.filledBytes === this.#partBytes) await this.#send(part);
    }
  }

  /** Sends what is left and gives the object its name. @param isNew only when nothing has it, as far as the server can tell */
  async complete(isNew: boolean): Promise<Completion> {
    const { key } = this.#options;
    this.#throwFailure();
    if (this.#upload === undefined) {
      const part = (this.#filling ??= await this.#openPart());
      return await sendObject(this.#access, part, { key, mark: this.mark, isNew, signal: this.#signal });
    }
    if (this.#filling !== undefined && this.#filling.filledBytes > 0) await this.#send(this.#filling);
    await Promise.all(this.#sending);
    this.#throwFailure();
    return await this.#completeUpload(this.#upload, isNew);
  }

  /** Frees memory and files, and removes the upload's record. */
  async end(signal: AbortSignal): Promise<void> {
    await this.#filling?.release();
    this.#filling = undefined;
    if (this.#upload !== undefined) await forgetUpload(this.#access, this.#upload.recordKey, signal);
    this.#upload = undefined;
    if (this.#mayBeUnheard) await abortUnheard(this.#access, this.#keys, this.#options.key, signal);
    this.#mayBeUnheard = false;
  }

  /** Stops sending and frees what was sent. */
  async abort(signal: AbortSignal): Promise<void> {
    this.#stop.abort(new Error("the upload was aborted"));
    await Promise.all(this.#sending);
    if (this.#upload !== undefined) await abortUpload(this.#access, this.#upload, signal);
    await this.end(signal);
  }

  get #partBytes(): number {
    return partSizeBytes(this.#options.plan, this.#partNumber);
  }

  async #openPart(): Promise<PartBuffer> {
    const { tmpFolder, pid } = this.#access.surroundings;
    const sizeBytes = this.#partBytes;
    if (this.#partNumber > mostParts)
      throw new AppError("store-failed", `${this.#access.urlOf(this.#options.key)} has more bytes than S3 takes`);
    if (sizeBytes <= this.#options.plan.memoryBytes) return this.#memory.take(sizeBytes);
    return await openFilePart(tmpFolder, sizeBytes, pid);
  }

  /** Begins to send a full part; resolves when the next one may be filled. */
  async #send(part: PartBuffer): Promise<void> {
    this.#upload ??= await this.#open();
    const { key, uploadId } = this.#upload;
    const number = this.#partNumber;
    this.#filling = undefined;
    this.#partNumber += 1;
    const sending = sendPart(this.#access, part, { key, uploadId, number, signal: this.#signal })
      .then((sent) => void (this.#sent[number - 1] = sent))
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .then(() => part.release())
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
    // The next one may be larger, and these leave the memory for it.
    while (this.#sending.size > partsAtOnce(this.#options.plan, this.#partBytes)) await Promise.race(this.#sending);
  }

  async #open(): Promise<UploadId & { recordKey: string }> {
    const { key } = this.#options;
    const signal = this.#signal;
    const access = this.#access;
    let attempts = 0;
    this.#mayBeUnheard = true;
    const begun = await access.call({ operation: "CreateMultipartUpload", key, signal }, (client, options) => {
      attempts += 1;
      const checksum = sendsChecksums(access) ? { ChecksumAlgorithm: "SHA256" as const } : {};
      const object = { Bucket: access.bucket, Key: key, ...objectOptions(access, this.mark) };
      return client.send(new CreateMultipartUploadCommand({ ...object, ...checksum }), options);
    });
    this.#mayBeUnheard = attempts > 1;
    const { UploadId: uploadId } = begun;
    if (uploadId === undefined)
      throw new AppError("store-failed", `the store gave no id for the upload of ${access.urlOf(key)}`);
    const upload = { key, uploadId };
    try {
      return { ...upload, recordKey: await recordUpload(access, this.#keys, upload, signal) };
    } catch (error) {
      await abortUpload(access, upload, AbortSignal.timeout(cleaningMs)).catch(() => undefined);
      throw error;
    }
  }

  async #completeUpload({ key, uploadId }: UploadId, isNew: boolean): Promise<Completion> {
    const access = this.#access;
    return await withCondition<Completion>(isNew, (condition, settle) =>
      access.call(
        { operation: "CompleteMultipartUpload", key, signal: this.#signal },
        async (client, options) => {
          const parts = { Parts: this.#sent };
          const upload = { Bucket: access.bucket, Key: key, UploadId: uploadId, MultipartUpload: parts };
          await client.send(new CompleteMultipartUploadCommand({ ...upload, ...condition }), options);
          return "sent" as const;
        },
        (answer) => (answer.code === "NoSuchUpload" ? ("gone" as const) : settle(answer)),
      ),
    );
  }

  #throwFailure(): void {
    this.#options.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Time for cleaning up, also after a signal that has ended everything else. */
export const cleaningMs = 30_000;
