import { statSync } from "node:fs";
import type { Settings } from "../../config/settings.ts";
import type { Finding } from "../../finding.ts";
import { type FreeSpace, freeSpaceAt } from "../../files/free-space.ts";
import { type StorageFolders, blobPath } from "../../files/storage-layout.ts";
import { connect } from "../../postgres/connection.ts";
import { formatBytes } from "../../terminal/format.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { fileRecords } from "./stage-files.ts";

/** Share of the COPY text that tables with indexes take in a database, by what was measured on points and polygons. */
const databaseShare = 1.5;

/** What the files of an archive come to, and whether there is room for those that are not there yet. */
export async function checkFileSpace(
  contents: ArchiveContents,
  folders: StorageFolders,
): Promise<{ files: number; fileBytes: number; finding: Finding }> {
  const check = "file-space";
  let files = 0;
  let fileBytes = 0;
  let neededBytes = 0;
  let fontBytes = 0;
  for await (const { record, entry } of fileRecords(contents)) {
    const sizeBytes =
      entry.listed?.plainBytes ?? record.payload.size ?? contents.reader.entries.get(entry.name)?.contentBytes ?? 0;
    files += 1;
    fileBytes += sizeBytes;
    if ("filename" in record.payload) {
      fontBytes += sizeBytes;
      continue;
    }
    const live = folders.blobFolder === undefined ? undefined : `${folders.blobFolder}/${blobPath(record.payload)}`;
    // A call that waits: one that fails through a promise takes 100 us, and of 200,000 blobs most are missing.
    const found = live === undefined ? undefined : statSync(live, { throwIfNoEntry: false });
    // Without a digest there is nothing to compare with: such a blob is written again.
    const comparable = record.payload.sha256 !== undefined || (entry.codec === "none" && entry.listed !== undefined);
    if (found?.size !== sizeBytes || !comparable) neededBytes += sizeBytes;
  }
  const folder = folders.blobFolder ?? folders.dataFolder;
  const space = folder === undefined ? undefined : await freeSpaceAt(folder);
  if (folder === undefined || space === undefined)
    return { files, fileBytes, finding: { level: "warn", check, message: "room for the files cannot be looked up" } };
  // Fonts are written into the work folder first, beside the blobs, wherever they go then.
  const finding = roomFinding(check, "files", neededBytes + fontBytes, folder, space);
  const { fontFolder } = folders;
  const fontSpace = fontFolder === undefined ? undefined : await freeSpaceAt(fontFolder);
  if (finding.level === "fail" || fontFolder === undefined || fontSpace === undefined || isSameDisk(space, fontSpace))
    return { files, fileBytes, finding };
  const ofFonts = roomFinding(check, "fonts", fontBytes, fontFolder, fontSpace);
  return { files, fileBytes, finding: ofFonts.level === "fail" ? ofFonts : finding };
}

function isSameDisk(one: FreeSpace, other: FreeSpace): boolean {
  return one.totalBytes === other.totalBytes && one.freeBytes === other.freeBytes;
}

function roomFinding(check: string, what: string, neededBytes: number, folder: string, space: FreeSpace): Finding {
  const message = `${what} need ${formatBytes(neededBytes)} in ${folder}, ${formatBytes(space.freeBytes)} are free`;
  if (space.freeBytes >= neededBytes) return { level: "ok", check, message };
  return { level: "fail", check, message: `not enough space: ${message}`, hint: `free some space in ${folder}` };
}

/** Whether the server's disk has room for a second copy of the database, where we can see that disk. */
export async function checkDatabaseSpace(contents: ArchiveContents, settings: Settings): Promise<Finding[]> {
  const check = "database-space";
  const needed = contents.manifest?.header.database.sizeBytes ?? rowBytes(contents) * databaseShare;
  const client = await connect(settings.database);
  try {
    // A database in a tablespace of its own is not on the disk of the others.
    const { rows } = await client.query<{ folder: string | null; local: boolean }>(
      `select case
           when pg_catalog.pg_tablespace_location(dattablespace) <> '' then pg_catalog.pg_tablespace_location(dattablespace)
           when pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') then pg_catalog.current_setting('data_directory', true)
         end as folder,
         pg_catalog.inet_server_addr() is null or pg_catalog.inet_server_addr() << '127.0.0.0/8'::inet as local
       from pg_catalog.pg_database where datname = pg_catalog.current_database()`,
    );
    const [row] = rows;
    const space = row?.local === true && row.folder !== null ? await freeSpaceAt(row.folder) : undefined;
    const need = `the database needs about ${formatBytes(needed)} while both states exist`;
    if (space === undefined)
      return [{ level: "warn", check, message: `${need}; room on the server's disk cannot be seen from here` }];
    const message = `${need}, ${formatBytes(space.freeBytes)} are free in ${row?.folder}`;
    if (space.freeBytes >= needed) return [{ level: "ok", check, message }];
    return [
      { level: "fail", check, message: `not enough space: ${message}`, hint: "free some space on the server's disk" },
    ];
  } finally {
    await client.end();
  }
}

function rowBytes({ tables, reader }: ArchiveContents): number {
  let bytes = 0;
  for (const { name, listed } of tables.values())
    bytes += listed?.plainBytes ?? reader.entries.get(name)?.contentBytes ?? 0;
  return bytes;
}
