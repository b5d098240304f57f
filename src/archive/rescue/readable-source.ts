import type { ByteSource } from "../../bytes.ts";
import { AppError } from "../../errors.ts";
import type { DamageHandler } from "../damage.ts";

/** What a disk loses at once. */
const sectorBytes = 4096;

/**
 * A source whose bytes can always be had: sectors that cannot be read are zeros, so that digests find them, and everything
 * around them is saved.
 * @param report told of each run of bytes that cannot be read
 */
export function readableSource(source: ByteSource, report: DamageHandler): ByteSource {
  const reported = new Set<number>();
  const fill = async (offsetBytes: number, target: Buffer): Promise<void> => {
    try {
      target.set(await source.read(offsetBytes, target.length));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (target.length > sectorBytes) {
        const half = Math.ceil(target.length / 2 / sectorBytes) * sectorBytes;
        await fill(offsetBytes, target.subarray(0, half));
        await fill(offsetBytes + half, target.subarray(half));
        return;
      }
      target.fill(0);
      const sector = Math.floor(offsetBytes / sectorBytes);
      if (reported.has(sector)) return;
      reported.add(sector);
      report({ what: "unreadable", offsetBytes, expected: `${target.length} bytes`, found: error.message });
    }
  };
  return {
    label: source.label,
    sizeBytes: source.sizeBytes,
    async read(offsetBytes, lengthBytes) {
      try {
        return await source.read(offsetBytes, lengthBytes);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const bytes = Buffer.alloc(lengthBytes);
        await fill(offsetBytes, bytes);
        return bytes;
      }
    },
    close: () => source.close(),
  };
}
