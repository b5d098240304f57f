import { type PlannedFile, type RestoreFiles } from "../../files/restore-files.ts";
import { hasContent, stageFile } from "../../files/stage-file.ts";
import { blobPath } from "../../files/storage-layout.ts";
import { holdFile } from "../../files/swap-files.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { type ContentForm, plainContent } from "../contents/plain-content.ts";
import { namedDamage } from "../contents/named-damage.ts";
import type { ComponentRecord } from "../contents/read-records.ts";

/** A file of the new state, as the archive describes it. Plain data, which threads can be sent. */
export interface FileToStage extends ContentForm {
  file: PlannedFile;
  entryName: string;
  /** Plain size, as far as the archive says. */
  sizeBytes: number;
  /** Whether the archive does say: another size is damage then. */
  sizeIsKnown: boolean;
  /** Of the plain content. */
  sha256?: string;
}

/**
 * Describes the file of a record.
 * @param number of the file in the work folder
 * @throws DamagedError for a name that no file may have
 */
export function fileToStage(reader: ArchiveReader, { record, entry }: ComponentRecord, number: number): FileToStage {
  const { payload } = record;
  const { listed, codec, name } = entry;
  const sha256 = payload.sha256 ?? (codec === "none" ? listed?.sha256 : undefined);
  return {
    file:
      "uuid" in payload
        ? { area: "blobs", path: blobPath(payload), number }
        : { area: "fonts", path: payload.filename, number },
    entryName: name,
    codec,
    listed,
    sizeBytes: listed?.plainBytes ?? payload.size ?? reader.entries.get(name)?.contentBytes ?? 0,
    sizeIsKnown: listed !== undefined || payload.size !== undefined,
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/**
 * Writes a file aside, unless the live one has that content already.
 * @param hold whether a live one that will do is held for an undo
 * @param label path or URL of the archive
 * @param content of its entry; asked for only when it has to be written
 * @param onBytes told how many bytes more are there
 * @returns whether the live one will do
 * @throws DamagedError that names archive and entry; errors of the file system as they are
 */
export async function stageWanted(
  files: RestoreFiles,
  wanted: FileToStage,
  hold: boolean,
  label: string,
  content: () => AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const { file, entryName, sizeBytes, sizeIsKnown, sha256 } = wanted;
  if (sha256 !== undefined && (await hasContent(files, file, sizeBytes, sha256))) {
    if (hold) holdFile(files, file);
    onBytes(sizeBytes);
    return true;
  }
  const expected = sizeIsKnown ? { sizeBytes, what: `entry ${entryName}` } : undefined;
  try {
    await stageFile(files, file, counted(plainContent(content(), wanted, { passesBy: true }), onBytes), expected);
  } catch (error) {
    throw namedDamage(label, entryName, error);
  }
  return false;
}

async function* counted(content: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    yield chunk;
    onBytes(chunk.length);
  }
}
