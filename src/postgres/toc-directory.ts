import type { Toc, TocEntry } from "./toc.ts";

/**
 * The table of contents that `pg_dump --format=directory --compress=0` would have written in place of a custom-format
 * one: every entry with data gets the file name that pg_restore looks for.
 */
export function toDirectoryToc(toc: Toc): Toc {
  return {
    ...toc,
    format: 3,
    compression: 0,
    entries: toc.entries.map((entry) => ({ ...entry, fileName: dataFileName(entry, toc.version.minor) })),
  };
}

/** Rules of `_ArchiveEntry` in pg_backup_directory.c; from 1.16 on there can be several groups of large objects. */
function dataFileName(entry: TocEntry, minor: number): string | null {
  if (entry.description === "BLOBS") return minor >= 16 ? `blobs_${entry.dumpId}.toc` : "blobs.toc";
  return entry.hadDumper ? `${entry.dumpId}.dat` : null;
}
