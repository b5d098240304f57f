import { AppError } from "../../errors.ts";
import { componentIndexName } from "../entry-names.ts";
import { type IndexRecord, decodeIndexLine } from "../index-records.ts";
import type { DamagedArchive } from "./damaged-archive.ts";

/** Lines longer than this are no records. */
const longestLineBytes = 64 * 1024;

/**
 * The lines of a component's index that make sense, by number, whatever is wrong with others; the first of each number
 * counts. A line of a damaged index may have been changed and still make sense.
 * @param onBytes given the content as it flows, to be compared with a digest
 */
export async function readPartialIndex(
  archive: DamagedArchive,
  component: string,
  onBytes: (chunk: Buffer) => void,
): Promise<Map<number, IndexRecord>> {
  const records = new Map<number, IndexRecord>();
  const name = componentIndexName(component);
  if (!archive.entries.has(name)) return records;
  const take = (line: Buffer): void => {
    const record = line.length > longestLineBytes ? undefined : decodeIndexLine(line.toString("utf8"));
    if (record !== undefined && !records.has(record.id)) records.set(record.id, record);
  };
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of archive.content(name)) {
      onBytes(chunk);
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a)) {
        take(bytes.subarray(0, end));
        bytes = bytes.subarray(end + 1);
      }
      rest = bytes.length > longestLineBytes ? Buffer.alloc(0) : Buffer.from(bytes);
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  if (rest.length > 0) take(rest);
  return records;
}
