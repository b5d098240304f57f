import { compressBlock, type Codec } from "../../archive/codec.ts";
import { largeObjectEntryName, largeObjectTocName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryWriter } from "../../archive/writer.ts";
import type { RateLimit } from "../../rate-limit.ts";
import type { Snapshot } from "../../postgres/snapshot.ts";
import { listLargeObjects, readLargeObject } from "../../postgres/large-objects.ts";
import type { Toc } from "../../postgres/toc.ts";
import type { EarlierRows } from "./base/earlier-rows.ts";
import { FrameList, emptySha256 } from "./base/frame-list.ts";
import { plainEntry } from "./plain-entry.ts";

/** What {@link dumpLargeObjects} needs. */
export interface DumpLargeObjectsOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  snapshot: Snapshot;
  toc: Toc;
  codec: Codec;
  level: number | undefined;
  earlier: EarlierRows;
  readLimit: RateLimit | undefined;
  signal: AbortSignal;
}

/**
 * Writes each large object as `blob_<oid>.dat`, and the lists by which pg_restore finds them (`_EndLO` of
 * pg_backup_directory.c): from PostgreSQL 17 on a list for each group that the table of contents names.
 * @returns how many there were
 */
export async function dumpLargeObjects(options: DumpLargeObjectsOptions): Promise<number> {
  const { writer, manifest, snapshot, toc, codec, level, earlier, readLimit, signal } = options;
  const groups = toc.entries.filter(({ description }) => description === "BLOBS");
  if (groups.length === 0) return 0;
  const lines: string[] = [];
  for (const oid of await listLargeObjects(snapshot.client)) {
    const name = largeObjectEntryName(oid, codec);
    const blocks = earlier.blocksOfLargeObject(oid);
    const frames = new FrameList();
    let open: EntryWriter | undefined;
    // An empty one still gets a frame: zstd and gzip refuse a file without any.
    for await (const piece of piecesOf(readLargeObject(snapshot.client, oid))) {
      signal.throwIfAborted();
      await readLimit?.take(piece.length);
      const digest = earlier.digest?.of(piece);
      const place = digest && blocks?.take(digest, piece.length, 0);
      if (digest !== undefined && place !== undefined) {
        frames.addReferred(place, digest);
        continue;
      }
      const stored = await compressBlock(codec, level, piece);
      open ??= await writer.openEntry(name);
      await open.write(stored);
      frames.addOwn(stored.length, piece.length, 0, digest);
    }
    const entry = await open?.close();
    const { frames: list, ...line } = frames.describe(entry?.sha256 ?? emptySha256);
    manifest.addEntry({
      type: "entry",
      name,
      codec,
      ...line,
      ...(codec === "none" || list === undefined ? {} : { frames: list }),
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
