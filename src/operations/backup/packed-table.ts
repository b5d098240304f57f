import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { BlockDigest } from "../../archive/block-digest.ts";
import { type Codec, compressSmallBlock } from "../../archive/codec.ts";
import { tableEntryName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import type { Client } from "../../postgres/connection.ts";
import { copyOutEach } from "../../postgres/copy-out.ts";
import type { RateLimit } from "../../rate-limit.ts";
import { FrameList } from "./base/frame-list.ts";
import type { TableBlocks } from "./base/table-blocks.ts";

/** Ends the rows of a table, as pg_dump writes it, so that pg_restore is content. */
export const rowsTerminator: Buffer = Buffer.from("\\.\n\n\n");

/** Bytes of COPY text in a frame of a small table, most of which have far less. */
const frameBytes = 256 * 1024;

/** All rows of a table in memory, as they come to stand in the archive. */
export interface PackedTable {
  /** What is to be written of it, with the frame that ends the rows. */
  content: Buffer;
  sha256: string;
  crc32: number;
  frames: FrameList;
}

/** How {@link TablePacker} packs. */
export interface TablePackerOptions {
  codec: Codec;
  level: number | undefined;
  /** Digests frames for later archives; undefined: none are kept. */
  digest: BlockDigest | undefined;
  /** Of COPY text. */
  readLimit: RateLimit | undefined;
  /** Text of one table at most; more ends the session. Without it the caller knows how large the tables are. */
  tableTextBytes?: number;
}

/** Packs small tables; each reader has one, since it fills one buffer again and again. */
export class TablePacker {
  readonly #codec: Codec;
  readonly #level: number | undefined;
  readonly #readLimit: RateLimit | undefined;
  readonly #tableTextBytes: number;
  readonly #digest: BlockDigest | undefined;
  readonly #endDigest: Buffer | undefined;
  readonly #block = Buffer.allocUnsafeSlow(frameBytes);
  readonly #end: Buffer;

  constructor(options: TablePackerOptions) {
    this.#codec = options.codec;
    this.#level = options.level;
    this.#readLimit = options.readLimit;
    this.#tableTextBytes = options.tableTextBytes ?? Infinity;
    this.#digest = options.digest;
    this.#endDigest = options.digest?.of(rowsTerminator);
    this.#end = compressSmallBlock(this.#codec, this.#level, rowsTerminator);
  }

  /**
   * Copies several tables with one round trip.
   * @param blocksOf what an earlier archive holds of a table
   * @param onTable gets each that came whole, in order, also when a later one fails
   * @throws as `copyOut` does
   */
  async copy(
    client: Client,
    statements: readonly string[],
    blocksOf: (place: number) => TableBlocks | undefined,
    onTable: (place: number, table: PackedTable) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    let parts: Buffer[] = [];
    let frames = new FrameList();
    let earlier = blocksOf(0);
    const add = (block: Buffer, rows: number): void => {
      if (frames.plainBytes + block.length > this.#tableTextBytes)
        throw new Error(`a small table has more than ${this.#tableTextBytes} bytes`);
      const digest = this.#digest?.of(block);
      const place = digest && earlier?.take(digest, block.length, rows);
      if (digest !== undefined && place !== undefined) return frames.addReferred(place, digest);
      const stored = compressSmallBlock(this.#codec, this.#level, block);
      // Without a codec it is the block's own memory, which is filled again.
      parts.push(this.#codec === "none" ? Buffer.from(stored) : stored);
      frames.addOwn(stored.length, block.length, rows, digest);
    };
    const addEnd = (): void => {
      const digest = this.#endDigest;
      const place = digest && earlier?.take(digest, rowsTerminator.length, 0);
      if (digest !== undefined && place !== undefined) return frames.addReferred(place, digest);
      parts.push(this.#end);
      frames.addOwn(this.#end.length, rowsTerminator.length, 0, digest);
    };
    await copyOutEach(client, statements, {
      blockBytes: frameBytes,
      allocate: (sizeBytes) => (sizeBytes <= frameBytes ? this.#block : Buffer.allocUnsafeSlow(sizeBytes)),
      onBlock: (block, rows) => {
        if (this.#readLimit === undefined) return add(block, rows);
        return this.#readLimit.take(block.length).then(() => add(block, rows));
      },
      onEnd: (place) => {
        addEnd();
        const content = Buffer.concat(parts);
        onTable(place, { content, sha256: hash("sha256", content), crc32: crc32(content), frames });
        parts = [];
        frames = new FrameList();
        earlier = blocksOf(place + 1);
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Writes a table that is in memory as an entry of the archive; nothing is written of one that stands in another whole. */
export async function writePackedTable(
  writer: ArchiveWriter,
  manifest: ManifestBuilder,
  codec: Codec,
  table: { dumpId: number; schema: string; name: string },
  packed: PackedTable,
): Promise<void> {
  const { content, sha256, frames } = packed;
  const name = tableEntryName(table.dumpId, codec);
  if (content.length > 0) await writer.addEntry(name, content, { sha256, crc32: packed.crc32 });
  manifest.addEntry({
    type: "entry",
    name,
    codec,
    table: { schema: table.schema, name: table.name },
    rows: frames.rows,
    ...frames.describe(sha256),
  });
}
