import type { ArchiveContents } from "../contents/archive-contents.ts";
import { fileRecords } from "../restore/stage-files.ts";

/** Rows of archives that do not say how large their database was, with their indexes, by what was measured. */
const databaseShare = 1.5;
/** An empty cluster, and what its server writes ahead. */
const serverBytes = 256 * 1024 * 1024;

/** About what a throw-away copy of an archive takes. @throws DamagedError when an index of files is damaged */
export async function neededRoom(contents: ArchiveContents): Promise<{ databaseBytes: number; fileBytes: number }> {
  const { reader, manifest, tables } = contents;
  const sizeOf = (name: string, plainBytes: number | undefined): number =>
    plainBytes ?? reader.entries.get(name)?.contentBytes ?? 0;
  let rowBytes = 0;
  for (const { name, listed } of tables.values()) rowBytes += sizeOf(name, listed?.plainBytes);
  let fileBytes = 0;
  for await (const { entry } of fileRecords(contents)) fileBytes += sizeOf(entry.name, entry.listed?.plainBytes);
  const databaseBytes = (manifest?.header.database.sizeBytes ?? rowBytes * databaseShare) + serverBytes;
  return { databaseBytes, fileBytes };
}
