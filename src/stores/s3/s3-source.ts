import type { ByteSource } from "../../bytes.ts";
import { ReadAhead } from "../read-ahead.ts";
import { fetchRange } from "./fetch-range.ts";
import type { HeadedObject } from "./object-calls.ts";
import type { S3Access } from "./s3-access.ts";

/** Random access to an object as it was when it was looked at; reads end with the signal. */
export function openS3Source(access: S3Access, key: string, found: HeadedObject, signal: AbortSignal): ByteSource {
  const label = access.urlOf(key);
  const { sizeBytes, etag } = found;
  const closing = new AbortController();
  const reading = AbortSignal.any([signal, closing.signal]);
  const ahead = new ReadAhead(sizeBytes, (offsetBytes, into) =>
    fetchRange(access, { key, etag }, offsetBytes, into, reading),
  );
  const check = (offsetBytes: number, lengthBytes: number): void => {
    const inside = offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= sizeBytes;
    if (!inside) throw new RangeError(`${label}: read of ${lengthBytes} at ${offsetBytes}, of ${sizeBytes} bytes`);
    signal.throwIfAborted();
  };
  return {
    label,
    sizeBytes,
    async read(offsetBytes, lengthBytes) {
      check(offsetBytes, lengthBytes);
      const into = Buffer.allocUnsafeSlow(lengthBytes);
      await ahead.read(offsetBytes, into);
      return into;
    },
    async readInto(offsetBytes, into) {
      check(offsetBytes, into.length);
      await ahead.read(offsetBytes, into);
    },
    async close() {
      closing.abort(new Error(`${label} is closed`));
      await ahead.settle();
    },
  };
}
