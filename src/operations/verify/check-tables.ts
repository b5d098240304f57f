import { type ArchiveContents, tableDataEntries } from "../contents/archive-contents.ts";
import type { ProblemList } from "./problem-list.ts";

/** Checks that the table of contents and the entries with rows belong together. */
export function checkTables(contents: ArchiveContents, problems: ProblemList): void {
  const excluded = new Set(contents.manifest?.header.excludedRows ?? []);
  const known = new Set<number>();
  for (const entry of tableDataEntries(contents.toc)) {
    known.add(entry.dumpId);
    if (contents.tables.has(entry.dumpId) || entry.fileName === null || entry.fileName === "") continue;
    problems.add({
      what: `rows of table ${entry.namespace ?? ""}.${entry.tag} missing`,
      entry: `postgres/${entry.fileName}`,
      expected: "an entry, as the table of contents names it",
      found: excluded.size > 0 ? "none, and the manifest does not say that they were left out" : "none",
    });
  }
  for (const [dumpId, { name }] of contents.tables)
    if (!known.has(dumpId))
      problems.add({
        what: "rows without a table",
        entry: name,
        expected: `table data number ${dumpId} in the table of contents`,
        found: "none",
      });
  for (const name of contents.unknownEntries)
    problems.add({
      what: "unknown entry",
      entry: name,
      expected: "a name of docs/archive-format.md",
      found: "another",
    });
}
