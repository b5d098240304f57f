import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Codec, compressSmallBlock } from "../../archive/codec.ts";
import { tableEntryName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import type { Client } from "../../postgres/connection.ts";
import { copyOutEach } from "../../postgres/copy-out.ts";
import type { RateLimit } from "../../rate-limit.ts";

/** Ends the rows of a table, as pg_dump writes it, so that pg_restore is content. */
export const rowsTerminator: Buffer = Buffer.from("\\.\n\n\n");

/** Bytes of COPY text in a frame of a small table, most of which have far less. */
const frameBytes = 256 * 1024;

/** All rows of a table in memory, as they come to stand in the archive. */
export interface PackedTable {
  /** Content of its entry, with the frame that ends the rows. */
  content: Buffer;
  sha256: string;
  crc32: number;
  /** Stored bytes, plain bytes and rows of each frame. */
  frames: [number, number, number][];
  rows: number;
  plainBytes: number;
}

/** How {@link TablePacker} packs. */
export interface TablePackerOptions {
  codec: Codec;
  level: number | undefined;
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
  readonly #block = Buffer.allocUnsafeSlow(frameBytes);
  readonly #end: Buffer;

  constructor(options: TablePackerOptions) {
    this.#codec = options.codec;
    this.#level = options.level;
    this.#readLimit = options.readLimit;
    this.#tableTextBytes = options.tableTextBytes ?? Infinity;
    this.#end = compressSmallBlock(this.#codec, this.#level, rowsTerminator);
  }

  /**
   * Copies several tables with one round trip.
   * @param onTable gets each that came whole, in order, also when a later one fails
   * @throws as `copyOut` does
   */
  async copy(
    client: Client,
    statements: readonly string[],
    onTable: (place: number, table: PackedTable) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    let parts: Buffer[] = [];
    let frames: [number, number, number][] = [];
    let textBytes = 0;
    const add = (block: Buffer, rows: number): void => {
      textBytes += block.length;
      if (textBytes > this.#tableTextBytes)
        throw new Error(`a small table has more than ${this.#tableTextBytes} bytes`);
      const stored = compressSmallBlock(this.#codec, this.#level, block);
      // Without a codec it is the block's own memory, which is filled again.
      parts.push(this.#codec === "none" ? Buffer.from(stored) : stored);
      frames.push([stored.length, block.length, rows]);
    };
    await copyOutEach(client, statements, {
      blockBytes: frameBytes,
      allocate: (sizeBytes) => (sizeBytes <= frameBytes ? this.#block : Buffer.allocUnsafeSlow(sizeBytes)),
      onBlock: (block, rows) => {
        if (this.#readLimit === undefined) return add(block, rows);
        return this.#readLimit.take(block.length).then(() => add(block, rows));
      },
      onEnd: (place, { rows, bytes }) => {
        parts.push(this.#end);
        frames.push([this.#end.length, rowsTerminator.length, 0]);
        const content = Buffer.concat(parts);
        const plainBytes = bytes + rowsTerminator.length;
        onTable(place, { content, sha256: hash("sha256", content), crc32: crc32(content), frames, rows, plainBytes });
        parts = [];
        frames = [];
        textBytes = 0;
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Writes a table that is in memory as an entry of the archive. */
export async function writePackedTable(
  writer: ArchiveWriter,
  manifest: ManifestBuilder,
  codec: Codec,
  table: { dumpId: number; schema: string; name: string },
  packed: PackedTable,
): Promise<void> {
  const { content, sha256, frames, rows, plainBytes } = packed;
  const entry = await writer.addEntry(tableEntryName(table.dumpId, codec), content, { sha256, crc32: packed.crc32 });
  manifest.addEntry({
    type: "entry",
    name: entry.name,
    storedBytes: entry.storedBytes,
    contentBytes: entry.contentBytes,
    sha256,
    codec,
    plainBytes,
    table: { schema: table.schema, name: table.name },
    rows,
    frames,
  });
}
