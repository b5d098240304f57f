import { mkdir, open, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { madeUpBytes, madeUpUuid } from "./made-up-bytes.ts";
import type { Scale } from "./scale.ts";

/** A blob of the made-up instance: a row of table `fileobj` and a file. */
export interface Blob {
  id: number;
  component: string;
  uuid: string;
  sizeBytes: number;
  compressible: boolean;
}

/** Path of a blob under the file storage. */
export function blobPath(blob: { component: string; uuid: string }): string {
  return join(blob.component, blob.uuid.slice(0, 2), blob.uuid.slice(2, 4), blob.uuid);
}

/** Plans attachments, rasters and markers; the same for the same seed. The second attachment is empty. */
export function planBlobs(seed: string, scale: Scale): Blob[] {
  const blobs: Blob[] = [];
  const add = (component: string, sizeBytes: number, compressible: boolean): void => {
    const id = blobs.length + 1;
    blobs.push({ id, component, uuid: madeUpUuid(seed, `blob ${id}`), sizeBytes, compressible });
  };
  const { attachmentBytes, compressibleAttachmentEvery: every } = scale;
  for (let index = 0; index < scale.attachments; index += 1) {
    const share = ((index * 37) % 101) / 101;
    const sizeBytes = Math.round(attachmentBytes.min + (attachmentBytes.max - attachmentBytes.min) * share);
    add("feature_attachment", index === 1 ? 0 : sizeBytes, every > 0 && index % every === 0);
  }
  for (const raster of scale.rasters) add("raster_layer", raster.sizeBytes, raster.compressible);
  for (let index = 0; index < 2; index += 1) add("svg_marker_library", 98, true);
  return blobs;
}

/** Files written at once: more than there are threads for it, so that none of them waits for us. */
const filesAtOnce = 8;

/** Writes the files of blobs into the file storage. */
export async function writeBlobs(fileStoragePath: string, seed: string, blobs: readonly Blob[]): Promise<void> {
  const waiting = blobs.values();
  const writeWaiting = async (): Promise<void> => {
    for (const blob of waiting) await writeBlob(join(fileStoragePath, blobPath(blob)), seed, blob);
  };
  await Promise.all(Array.from({ length: filesAtOnce }, writeWaiting));
}

async function writeBlob(path: string, seed: string, blob: Blob): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx");
  try {
    for (const block of madeUpBytes(seed, blob.uuid, blob.sizeBytes, blob.compressible)) await file.write(block);
  } finally {
    await file.close();
  }
}

/**
 * Writes what stands in the data folder besides blobs: fonts, which a backup takes along, and what it leaves out (rendered
 * tiles, transient uploads, links and overviews of rasters).
 */
export async function writeOtherFiles(
  sdirPath: string,
  fileStoragePath: string,
  seed: string,
  blobs: readonly Blob[],
): Promise<void> {
  const write = async (path: string, sizeBytes: number, beginning = ""): Promise<void> => {
    await mkdir(dirname(join(sdirPath, path)), { recursive: true });
    await writeFile(join(sdirPath, path), [Buffer.from(beginning), ...madeUpBytes(seed, path, sizeBytes)]);
  };
  await write("core/fontconfig/Made_up-Regular.ttf", 20_000, "\0\x01\0\0");
  await write("core/fontconfig/Made_up-Bold.otf", 10_000, "OTTO");
  await write("core/fontconfig/fonts.conf", 0, `<fontconfig><dir>${sdirPath}/core/fontconfig</dir></fontconfig>\n`);
  await write("file_upload/2026-01-02/aa/bb/upload.data", 5000);
  const tiles = madeUpUuid(seed, "tile cache");
  for (const ending of ["", "-wal", "-shm"]) {
    await write(
      `render/tile_cache/${tiles.slice(0, 2)}/${tiles.slice(2, 4)}/${tiles}${ending}`,
      4096,
      "SQLite format 3\0",
    );
  }
  for (const blob of blobs.filter((candidate) => candidate.component === "raster_layer")) {
    const link = join("raster_layer", blob.uuid.slice(0, 2), blob.uuid.slice(2, 4), blob.uuid);
    await write(`${link}.ovr`, 2000);
    await write(`${link}.aux.xml`, 0, "<PAMDataset></PAMDataset>\n");
    const target = join(fileStoragePath, blobPath(blob));
    await symlink(relative(dirname(join(sdirPath, link)), target), join(sdirPath, link));
  }
}
