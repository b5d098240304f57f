import { componentIndexName } from "../../archive/entry-names.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { readRecords } from "../contents/read-records.ts";
import type { ProblemList } from "./problem-list.ts";

/** Checks that each component's index and its records belong together: numbers, sizes, digests, no name twice. */
export async function checkRecords(contents: ArchiveContents, problems: ProblemList): Promise<void> {
  for (const [component, entries] of contents.records) {
    const seen = new Set<number>();
    const names = new Set<string>();
    const indexName = componentIndexName(component);
    if (!contents.reader.entries.has(indexName)) {
      problems.add({ what: "index missing", entry: indexName, expected: "an entry", found: "none" });
      continue;
    }
    try {
      for await (const { record, entry } of readRecords(contents, component)) {
        const { payload } = record;
        const name = "uuid" in payload ? `${payload.component}/${payload.uuid}` : payload.filename;
        if (seen.has(record.id) || names.has(name))
          problems.add({ what: `record ${record.id} (${name})`, entry: indexName, expected: "once", found: "twice" });
        seen.add(record.id);
        names.add(name);
        const plainBytes = entry.listed?.plainBytes ?? contents.reader.entries.get(entry.name)?.contentBytes;
        if (payload.size !== undefined && plainBytes !== undefined && payload.size !== plainBytes)
          problems.add({
            what: "size in the index",
            entry: entry.name,
            expected: `${payload.size}`,
            found: `${plainBytes}`,
          });
        const digest = entry.codec === "none" ? entry.listed?.sha256 : undefined;
        if (payload.sha256 !== undefined && digest !== undefined && payload.sha256 !== digest)
          problems.add({ what: "sha256 in the index", entry: entry.name, expected: payload.sha256, found: digest });
      }
    } catch (error) {
      problems.addError(contents.reader.label, error);
    }
    for (const [id, { name }] of entries)
      if (!seen.has(id))
        problems.add({
          what: "record without a line in the index",
          entry: name,
          expected: `number ${id} in ${indexName}`,
          found: "none",
        });
  }
}
