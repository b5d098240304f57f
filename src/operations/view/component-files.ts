import { componentIndexName } from "../../archive/entry-names.ts";
import { type IndexRecord, decodeIndexRecords } from "../../archive/index-records.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { AppError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import type { PartSums } from "./part-sums.ts";
import type { RecordSizes } from "./record-sizes.ts";

/**
 * Adds up files by the component of the application that they are of, as the indexes say. Where an index cannot be read, or
 * stands in another archive, they count for the component that keeps them; the first is warned of.
 * @param files sizes of records by component
 * @param onRecord told of each
 */
export async function readFiles(
  reader: ArchiveReader,
  files: ReadonlyMap<string, RecordSizes>,
  sums: PartSums,
  onRecord: (record: IndexRecord) => void,
  reporter: Reporter,
): Promise<void> {
  for (const [component, sizes] of files) {
    const index = componentIndexName(component);
    try {
      if (reader.entries.has(index))
        for await (const record of decodeIndexRecords(reader.label, index, reader.read(index))) {
          const size = sizes.take(record.id);
          if (size === undefined) continue;
          onRecord(record);
          sums.addFile(record.payload.component, size);
        }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const message = `${error.message}; files of ${component} are not all told apart`;
      reporter.report({ type: "warning", code: "index-unreadable", message });
    }
    for (const size of sizes.rest()) sums.addFile(component, size);
  }
}
