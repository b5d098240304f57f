import { once } from "node:events";
import type { Writable } from "node:stream";
import type { ByteSink } from "../bytes.ts";
import { AppError, messageOf } from "../errors.ts";

/**
 * Sends an archive down a stream, stdout as a rule, at the pace of its reader. What was sent cannot be taken back: after an
 * abort the reader has an archive without its end, which every reader refuses.
 * @param stream not ended here
 */
export function createStreamSink(stream: Writable, label: string): ByteSink {
  let failure: unknown;
  const onError = (error: unknown): void => {
    failure ??= error;
  };
  stream.on("error", onError);
  const failed = (): AppError =>
    new AppError("write-failed", `cannot write to ${label}: ${messageOf(failure)}`, { cause: failure });
  const send = (chunk: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(chunk, (error) => {
        if (error !== null && error !== undefined) {
          failure ??= error;
          reject(failed());
        } else resolve();
      });
    });
  return {
    label,
    async write(chunk) {
      if (failure !== undefined) throw failed();
      // The callback tells that the chunk is gone, so that it is the caller's again.
      await send(chunk);
    },
    async finish() {
      if (failure !== undefined) throw failed();
      if (stream.writableNeedDrain) await once(stream, "drain");
      stream.off("error", onError);
    },
    abort() {
      stream.off("error", onError);
      return Promise.resolve();
    },
  };
}
