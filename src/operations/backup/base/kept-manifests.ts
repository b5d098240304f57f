import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ArchiveReader } from "../../../archive/reader.ts";
import type { ArchiveWriter } from "../../../archive/writer.ts";
import { openZipArchive } from "../../../archive/zip-reader.ts";
import { createZipWriter } from "../../../archive/zip-writer.ts";
import type { ByteSource } from "../../../bytes.ts";
import { AppError } from "../../../errors.ts";
import { openFileSource } from "../../../stores/file-source.ts";
import { type Keeper, keepFile } from "./keep-file.ts";

/*
 * What a later backup needs to know of an encrypted archive, for a machine that can encrypt and not decrypt: its manifest and its
 * list of blobs, in a small ZIP of their own that has the archive's own comment, so that it is read like the archive.
 */

const noteName = "archive.json";
const suffix = ".kept";
/** Of an encrypted file these hold what was drawn for it alone. */
const headBytes = 512;
const noteLimitBytes = 64 * 1024;

/** Which file a kept manifest is of. */
interface Note {
  /** Size of the encrypted file, and digest of its first bytes. */
  sizeBytes: number;
  head: string;
}

/**
 * Keeps the manifest of an archive that was just written.
 * @param folder that is there; older ones than a few are removed from it
 * @param archive as it is stored, encrypted
 * @param copy writes manifest and list into an archive and returns the archive's comment
 * @throws AppError when it cannot be written
 */
export async function keepManifest(
  folder: string,
  archive: ByteSource,
  copy: (writer: ArchiveWriter) => Promise<string>,
  keeper: Keeper,
): Promise<void> {
  const note = await noteOf(archive);
  await keepFile({ folder, name: note.head, suffix }, keeper, async (sink) => {
    const writer = createZipWriter(sink, { modifiedAt: keeper.now, deflateLevel: 1 });
    await writer.addEntry(noteName, Buffer.from(JSON.stringify(note)));
    await writer.finish(await copy(writer));
  });
}

/**
 * The manifest that was kept of an archive, read like the archive itself; the caller closes it.
 * @param archive as it is stored, encrypted
 * @returns undefined when none is kept
 */
export async function openKeptManifest(folder: string, archive: ByteSource): Promise<ArchiveReader | undefined> {
  const note = await noteOf(archive);
  let source: ByteSource;
  try {
    source = await openFileSource(join(folder, `${note.head}${suffix}`), archive.label, false);
  } catch (error) {
    if (error instanceof AppError && error.code === "archive-missing") return undefined;
    throw error;
  }
  try {
    const reader = await openZipArchive(source);
    const kept = JSON.parse(String(await reader.readAll(noteName, noteLimitBytes))) as Note;
    if (kept.sizeBytes === note.sizeBytes && kept.head === note.head) return reader;
    await reader.close();
    return undefined;
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function noteOf(archive: ByteSource): Promise<Note> {
  const { sizeBytes } = archive;
  const head = await archive.read(0, Math.min(headBytes, sizeBytes));
  return { sizeBytes, head: createHash("sha256").update(head).digest("hex") };
}
