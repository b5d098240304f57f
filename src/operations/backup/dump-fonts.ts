import { closeSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { componentDirectoryName, componentIndexName, componentRecordName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { openStoredFile } from "../../files/open-stored-file.ts";
import { isFontName } from "../../files/storage-layout.ts";
import { RecordIndex } from "./record-index.ts";
import { plainEntry } from "./plain-entry.ts";

/**
 * Writes the custom fonts of an instance as records of component `core`. Without any, the component is left out:
 * releases up to 4.9 cannot restore an archive that has it.
 * @returns how many there were
 */
export async function dumpFonts(
  writer: ArchiveWriter,
  manifest: ManifestBuilder,
  fontFolder: string | undefined,
  isRoot: boolean,
  onLoss: (message: string) => void,
): Promise<number> {
  if (fontFolder === undefined) return 0;
  let names: string[];
  try {
    names = (await readdir(fontFolder)).filter(isFontName).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  if (names.length === 0) return 0;
  const index = new RecordIndex("font");
  for (const filename of names) {
    let content: Buffer;
    try {
      content = readStoredFile(join(fontFolder, filename), isRoot);
    } catch (error) {
      const found = (error as Error).message;
      manifest.addLoss({ type: "loss", kind: "unreadable", what: `font ${filename}`, found });
      onLoss(`font ${filename} is unreadable: ${found}`);
      continue;
    }
    if (index.nextId === 1) await writer.addDirectory(componentDirectoryName("core"));
    const entry = await writer.addEntry(componentRecordName("core", index.nextId, "none"), content);
    manifest.addEntry(plainEntry(entry));
    index.add({ component: "core", filename, size: content.length, sha256: entry.sha256 });
  }
  if (index.nextId > 1) await index.writeTo(writer, manifest, componentIndexName("core"));
  return index.nextId - 1;
}

function readStoredFile(path: string, isRoot: boolean): Buffer {
  const fd = openStoredFile(path, isRoot);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
