import { compressBlock, type Codec } from "../../archive/codec.ts";
import { largeObjectEntryName, largeObjectTocName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import type { RateLimit } from "../../rate-limit.ts";
import type { Snapshot } from "../../postgres/snapshot.ts";
import { listLargeObjects, readLargeObject } from "../../postgres/large-objects.ts";
import type { Toc } from "../../postgres/toc.ts";
import { plainEntry } from "./plain-entry.ts";

/** What {@link dumpLargeObjects} needs. */
export interface DumpLargeObjectsOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  snapshot: Snapshot;
  toc: Toc;
  codec: Codec;
  level: number | undefined;
  readLimit: RateLimit | undefined;
  signal: AbortSignal;
}

/**
 * Writes each large object as `blob_<oid>.dat`, and the lists by which pg_restore finds them (`_EndLO` of
 * pg_backup_directory.c): from PostgreSQL 17 on a list for each group that the table of contents names.
 * @returns how many there were
 */
export async function dumpLargeObjects(options: DumpLargeObjectsOptions): Promise<number> {
  const { writer, manifest, snapshot, toc, codec, level, readLimit, signal } = options;
  const groups = toc.entries.filter(({ description }) => description === "BLOBS");
  if (groups.length === 0) return 0;
  const lines: string[] = [];
  for (const oid of await listLargeObjects(snapshot.client)) {
    const name = largeObjectEntryName(oid, codec);
    const open = await writer.openEntry(name);
    const frames: [number, number, number][] = [];
    let plainBytes = 0;
    // An empty one still gets a frame: zstd and gzip refuse a file without any.
    for await (const piece of piecesOf(readLargeObject(snapshot.client, oid))) {
      signal.throwIfAborted();
      await readLimit?.take(piece.length);
      const stored = await compressBlock(codec, level, piece);
      await open.write(stored);
      frames.push([stored.length, piece.length, 0]);
      plainBytes += piece.length;
    }
    const { storedBytes, contentBytes, sha256 } = await open.close();
    manifest.addEntry({
      type: "entry",
      name,
      storedBytes,
      contentBytes,
      sha256,
      codec,
      plainBytes,
      ...(codec === "none" ? {} : { frames }),
    });
    lines.push(`${oid} blob_${oid}.dat\n`);
  }
  // Every group's list may name all objects: the data are found by the name, and loaded once by the first group.
  const [first, ...others] = groups.map(({ fileName }) =>
    fileName === null ? largeObjectTocName : `postgres/${fileName}`,
  );
  for (const [name, content] of [[first!, lines.join("")], ...others.map((other) => [other, ""])] as [
    string,
    string,
  ][]) {
    manifest.addEntry(plainEntry(await writer.addEntry(name, Buffer.from(content))));
  }
  return lines.length;
}

async function* piecesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let any = false;
  for await (const piece of pieces) {
    any = true;
    yield piece;
  }
  if (!any) yield Buffer.alloc(0);
}
