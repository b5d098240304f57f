import { componentIndexName } from "../../archive/entry-names.ts";
import { type IndexRecord, decodeIndexRecords } from "../../archive/index-records.ts";
import { DamagedError } from "../../errors.ts";
import type { ArchiveContents, RecordEntry } from "./archive-contents.ts";

/** A record of a component: what its index says, and where its bytes stand. */
export interface ComponentRecord {
  record: IndexRecord;
  entry: RecordEntry;
}

/**
 * The records of a component, in the order of its index.
 * @throws DamagedError when the index is damaged, or names a record that the archive does not hold
 */
export async function* readRecords(
  contents: Pick<ArchiveContents, "reader" | "records">,
  component: string,
): AsyncGenerator<ComponentRecord> {
  const indexName = componentIndexName(component);
  if (!contents.reader.entries.has(indexName)) return;
  const entries = contents.records.get(component);
  for await (const record of decodeIndexRecords(contents.reader.label, indexName, contents.reader.read(indexName))) {
    const entry = entries?.get(record.id);
    if (entry === undefined)
      throw new DamagedError(
        "record-missing",
        `${contents.reader.label}: entry ${indexName}: expected a record with number ${record.id}, found none`,
      );
    yield { record, entry };
  }
}
