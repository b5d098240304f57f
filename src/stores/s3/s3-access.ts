import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { type S3Answer, answerOf, isPassing } from "./s3-answer.ts";
import type { S3Credentials } from "./s3-credentials.ts";
import { makeS3Client } from "./s3-client.ts";
import { s3Error } from "./s3-errors.ts";
import type { S3Patience, S3Settings, S3Surroundings } from "./s3-settings.ts";

/** A call of the store's server. */
export interface S3Call {
  /** S3's name of the operation, for messages. */
  operation: string;
  /** Undefined for the bucket as a whole. */
  key?: string;
  signal: AbortSignal;
}

/** Calls of one bucket: made again when they fail in passing, and their errors told as those of a store. */
export class S3Access {
  readonly bucket: string;
  readonly settings: S3Settings;
  readonly surroundings: S3Surroundings;
  readonly patience: S3Patience;
  #client: Promise<S3Client> | undefined;
  #hasAnswered = false;
  readonly #secrets = new Set<string>();

  constructor(bucket: string, settings: S3Settings, surroundings: S3Surroundings, patience: S3Patience) {
    this.bucket = bucket;
    this.settings = settings;
    this.surroundings = surroundings;
    this.patience = patience;
  }

  /** As users write it. */
  urlOf(key: string | undefined): string {
    return key === undefined ? `s3://${this.bucket}` : `s3://${this.bucket}/${key}`;
  }

  /**
   * Makes a call until it succeeds, or fails for good.
   * @param settle makes a result of an answer that is no failure to the caller; undefined leaves it one. `attempt` counts from 1
   * @throws RefusedError archive-missing (no such bucket), store-denied; AppError store-failed; the signal's reason
   */
  async call<Result, Settled = never>(
    call: S3Call,
    send: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<Result>,
    settle?: (answer: S3Answer, attempt: number) => Settled | undefined,
  ): Promise<Result | Settled> {
    const { signal } = call;
    signal.throwIfAborted();
    const client = await this.#open();
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        const result = await send(client, { abortSignal: signal });
        this.#hasAnswered = true;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const answer = answerOf(error);
        if (answer.status !== undefined) this.#hasAnswered = true;
        const settled = settle?.(answer, attempt);
        if (settled !== undefined) return settled;
        if (!isPassing(answer) || attempt >= this.#attemptsFor(answer)) throw this.errorOf(error, call);
        await this.pause(attempt, signal);
      }
    }
  }

  /** How often something is tried, as things stand. */
  get attempts(): number {
    const { attempts, attemptsBeforeAnswer } = this.patience;
    return this.#hasAnswered ? attempts : attemptsBeforeAnswer;
  }

  #attemptsFor({ code }: S3Answer): number {
    // The SDK goes by the server's clock after the first refusal; a second one is meant.
    return code === "RequestTimeTooSkewed" ? 2 : this.attempts;
  }

  /** Waits before the next attempt. @throws the signal's reason */
  async pause(attempt: number, signal: AbortSignal): Promise<void> {
    const { firstPauseMs, longestPauseMs } = this.patience;
    const fullMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
    await sleep(fullMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }

  /** The error of a store for anything that was thrown below. */
  errorOf(error: unknown, { operation, key }: Omit<S3Call, "signal">): AppError {
    if (error instanceof AppError) return error;
    const answer = answerOf(error);
    const { bucket } = this;
    const { endpoint } = this.settings;
    return s3Error(
      { ...answer, message: this.#withoutSecrets(answer.message) },
      { operation, url: this.urlOf(key), bucket, endpoint },
    );
  }

  /** Ends connections. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.destroy();
  }

  #open(): Promise<S3Client> {
    return (this.#client ??= makeS3Client(this.settings, this.surroundings, this.patience, (found) =>
      this.#remember(found),
    ));
  }

  #remember({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): void {
    for (const secret of [accessKeyId, secretAccessKey, sessionToken]) if (secret) this.#secrets.add(secret);
  }

  #withoutSecrets(text: string): string {
    let shown = text;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, "********");
    return shown;
  }
}
