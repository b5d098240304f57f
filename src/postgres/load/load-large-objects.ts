import { DamagedError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "./dump-source.ts";
import type { PlannedEntry } from "./load-order.ts";
import { entryError } from "./run-entry.ts";

const pieceBytes = 4 * 1024 * 1024;

/**
 * Fills the large objects, which entries before have created, with the source's data.
 * @returns how many were filled
 * @throws AppError that names the entry, DamagedError for a number that is none
 */
export async function loadLargeObjects(
  client: Client,
  planned: PlannedEntry,
  source: DumpSource,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const { oid, content } of source.largeObjects()) {
    if (!/^[1-9]\d{0,9}$/.test(oid)) {
      throw new DamagedError("bad-large-object", `${JSON.stringify(oid.slice(0, 40))} is no number of a large object`);
    }
    let offsetBytes = 0;
    for await (const chunk of content) {
      for (let start = 0; start < chunk.length; start += pieceBytes) {
        signal.throwIfAborted();
        const piece = chunk.subarray(start, start + pieceBytes);
        try {
          await client.query("SELECT pg_catalog.lo_put($1::oid, $2::bigint, $3::bytea)", [oid, offsetBytes, piece]);
        } catch (error) {
          throw entryError(planned, error);
        }
        offsetBytes += piece.length;
        advance(piece.length);
      }
    }
    count += 1;
  }
  return count;
}
