import type { Writable } from "node:stream";
import type { ByteSink } from "../bytes.ts";
import { AppError, messageOf } from "../errors.ts";
import { systemCode } from "../disk-errors.ts";

/**
 * Writes to a stream such as stdout, waiting for each chunk to be taken. `finish` waits for the last one and leaves the
 * stream open; what went out cannot be taken back, so `abort` only stops.
 * @param label for messages: `stdout`
 * @throws AppError output-closed when the reader went away, write-failed
 */
export function createStreamSink(stream: Writable, label = "stdout"): ByteSink {
  let writtenBytes = 0;
  let failure: AppError | undefined;
  let waiting: (() => void) | undefined;
  let over = false;

  const fail = (error: unknown): void => {
    const closed = error === undefined || ["EPIPE", "ERR_STREAM_DESTROYED", "ECONNRESET"].includes(systemCode(error));
    failure ??= closed
      ? new AppError("output-closed", `the reader of ${label} went away after ${writtenBytes} bytes`, { cause: error })
      : new AppError("write-failed", `cannot write to ${label} after ${writtenBytes} bytes: ${messageOf(error)}`, {
          cause: error,
        });
    waiting?.();
  };
  const onError = (error: unknown): void => fail(error);
  const onClose = (): void => fail(undefined);
  // It stays for good: an error that nobody listens to would end the process.
  stream.on("error", onError);
  stream.once("close", onClose);
  const end = (): void => {
    over = true;
    stream.off("close", onClose);
  };

  return {
    label,
    async write(chunk) {
      if (over) throw new Error(`${label} is closed`);
      if (stream.destroyed) fail(undefined);
      if (failure === undefined) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
          stream.write(chunk, (error) => {
            if (error) fail(error);
            resolve();
          });
        });
        waiting = undefined;
      }
      if (failure !== undefined) throw failure;
      writtenBytes += chunk.length;
    },
    async finish() {
      end();
      if (failure !== undefined) throw failure;
    },
    async abort() {
      end();
    },
  };
}
