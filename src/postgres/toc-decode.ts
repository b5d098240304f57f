import { DamagedError } from "../errors.ts";
import { needMore, TocCursor } from "./toc-cursor.ts";
import type { Toc, TocEntry } from "./toc.ts";

/** Formats of the header that are read: custom, tar (which directories say, too), directory. */
const FORMAT_CUSTOM = 1;
const FORMATS = new Set([FORMAT_CUSTOM, 3, 5]);
const MAX_DUMP_ID = 0x7fffffff;
/** An entry takes some 500 bytes of memory; 3,000 layers have some 60,000. */
const MAX_ENTRIES = 2_000_000;

/**
 * Decodes a table of contents as `pg_dump` of PostgreSQL 9 to 18 writes it (`ReadHead` and `ReadToc` of
 * pg_backup_archiver.c, versions 1.12 to 1.16): a whole `toc.dat`, or the beginning of a custom-format dump.
 * @param label what the bytes are called in messages
 * @throws DamagedError naming the offset
 */
export function decodeToc(bytes: Uint8Array, label = "toc.dat"): Toc {
  const decoder = new TocDecoder(label);
  if (!decoder.push(bytes)) throw decoder.truncated();
  if (decoder.toc.format !== FORMAT_CUSTOM && decoder.surplusBytes > 0) {
    throw surplus(label, decoder.surplusBytes, bytes.length);
  }
  return decoder.toc;
}

/**
 * Decodes a whole `toc.dat` as it flows, in memory for its entries alone.
 * @throws DamagedError as {@link decodeToc} does, and whatever `content` throws
 */
export async function decodeTocStream(content: AsyncIterable<Uint8Array>, label = "toc.dat"): Promise<Toc> {
  const decoder = new TocDecoder(label);
  let complete = false;
  let surplusBytes = 0;
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (complete) surplusBytes += chunk.length;
    else if ((complete = decoder.push(chunk))) surplusBytes = decoder.surplusBytes;
  }
  if (!complete) throw decoder.truncated();
  if (decoder.toc.format !== FORMAT_CUSTOM && surplusBytes > 0) throw surplus(label, surplusBytes, bytes);
  return decoder.toc;
}

function surplus(label: string, surplusBytes: number, bytes: number): DamagedError {
  const end = bytes - surplusBytes;
  return new DamagedError("damaged-toc", `${label}: ${surplusBytes} bytes after its end at byte ${end}`);
}

/** Decodes a table of contents from pieces of any size, keeping no more than the unfinished entry. */
export class TocDecoder {
  readonly #label: string;
  /** The first `#length` bytes wait to be decoded; `#baseOffset` is where they stand in the file. */
  #pending = Buffer.alloc(0);
  #length = 0;
  #baseOffset = 0;
  #head: { toc: Toc; remaining: number } | undefined;
  readonly #dumpIds = new Set<number>();

  /** @param label what the bytes are called in messages */
  constructor(label: string) {
    this.#label = label;
  }

  /**
   * Takes the next piece, which stays the caller's.
   * @returns whether the table is complete; what comes after it is left alone
   * @throws DamagedError naming the offset
   */
  push(piece: Uint8Array): boolean {
    this.#append(piece);
    const cursor = new TocCursor(this.#label, this.#pending.subarray(0, this.#length), this.#baseOffset);
    let decoded = 0;
    try {
      while (this.#head?.remaining !== 0) {
        this.#step(cursor);
        decoded = cursor.position;
      }
    } catch (error) {
      if (error !== needMore) throw error;
    }
    this.#pending.copyWithin(0, decoded, this.#length);
    this.#length -= decoded;
    this.#baseOffset += decoded;
    return this.#head?.remaining === 0;
  }

  /** The decoded table, once {@link push} said that it is complete. */
  get toc(): Toc {
    if (this.#head?.remaining !== 0) throw this.truncated();
    return this.#head.toc;
  }

  /** Bytes that came after the end of the table. */
  get surplusBytes(): number {
    return this.#length;
  }

  /** The error for bytes that end before the table does. */
  truncated(): DamagedError {
    const end = this.#baseOffset + this.#length;
    const found =
      this.#head === undefined
        ? "in the header"
        : `with ${this.#head.remaining} of ${this.#head.toc.entries.length + this.#head.remaining} entries missing`;
    return new DamagedError("damaged-toc", `${this.#label}: ends at byte ${end} ${found}`);
  }

  #append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#pending.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(this.#pending.length * 2, needed + 0x4000000)));
      this.#pending.copy(grown, 0, 0, this.#length);
      this.#pending = grown;
    }
    this.#pending.set(piece, this.#length);
    this.#length = needed;
  }

  #step(cursor: TocCursor): void {
    if (this.#head === undefined) {
      const toc = decodeHead(cursor);
      this.#head = { toc, remaining: cursor.intBetween("the number of entries", 0, MAX_ENTRIES) };
      return;
    }
    const { toc } = this.#head;
    const entry = decodeEntry(cursor, toc);
    if (this.#dumpIds.has(entry.dumpId)) throw cursor.damaged(`a second entry ${entry.dumpId} ends`);
    this.#dumpIds.add(entry.dumpId);
    toc.entries.push(entry);
    this.#head.remaining--;
  }
}

function decodeHead(cursor: TocCursor): Toc {
  const magic = cursor.take(5).toString("latin1");
  if (magic !== "PGDMP") throw cursor.damaged(`${JSON.stringify(magic)} found, expected "PGDMP"`, 5);
  const version = { major: cursor.byte(), minor: cursor.byte(), revision: cursor.byte() };
  if (version.major !== 1 || version.minor < 12 || version.minor > 16) {
    throw cursor.damaged(`version ${version.major}.${version.minor}, expected 1.12 to 1.16`, 3);
  }
  const intSize = cursor.byte();
  if (intSize !== 4) throw cursor.damaged(`numbers of ${intSize} bytes, expected 4`, 1);
  const offsetSize = cursor.byte();
  if (offsetSize < 1 || offsetSize > 16) throw cursor.damaged(`offsets of ${offsetSize} bytes, expected 1 to 16`, 1);
  const format = cursor.byte();
  if (!FORMATS.has(format)) throw cursor.damaged(`format ${format}, expected ${[...FORMATS].join(", ")}`, 1);
  return {
    version,
    intSize,
    offsetSize,
    format,
    compression: version.minor >= 15 ? cursor.byte() : cursor.int(),
    createdAt: {
      sec: cursor.int(),
      min: cursor.int(),
      hour: cursor.int(),
      mday: cursor.int(),
      mon: cursor.int(),
      year: cursor.int(),
      isdst: cursor.int(),
    },
    databaseName: cursor.text("the database name"),
    serverVersion: cursor.text("the server version"),
    dumpVersion: cursor.text("the pg_dump version"),
    entries: [],
  };
}

function decodeEntry(cursor: TocCursor, toc: Toc): TocEntry {
  const minor = toc.version.minor;
  const dumpId = cursor.intBetween("the id of an entry", 1, MAX_DUMP_ID);
  const required = (what: string): string => {
    const text = cursor.text(`${what} of entry ${dumpId}`);
    if (text === null) throw cursor.damaged(`entry ${dumpId} has no ${what}, before the byte`);
    return text;
  };
  const optional = (what: string): string | null => cursor.text(`${what} of entry ${dumpId}`);
  // the order of evaluation of an object's members is the order of the fields in the file
  const entry: TocEntry = {
    dumpId,
    hadDumper: cursor.intBetween(`the data mark of entry ${dumpId}`, 0, 1) === 1,
    catalogTableOid: cursor.decimal(`the catalog of entry ${dumpId}`, 0),
    catalogOid: cursor.decimal(`the OID of entry ${dumpId}`, 0),
    tag: required("tag"),
    description: required("description"),
    section: cursor.intBetween(`the section of entry ${dumpId}`, 1, 4),
    definition: optional("definition"),
    dropStatement: optional("drop statement"),
    copyStatement: optional("copy statement"),
    namespace: optional("namespace"),
    tablespace: optional("tablespace"),
    tableAccessMethod: minor >= 14 ? optional("table access method") : null,
    ...(minor >= 16 ? { relationKind: cursor.int() } : {}),
    owner: optional("owner"),
    dependencies: decodeDependencies(cursor, dumpId),
    fileName: null,
  };
  if (toc.format === FORMAT_CUSTOM) {
    // offset of the data, unset where pg_dump wrote into a pipe
    cursor.byte();
    cursor.take(toc.offsetSize);
  } else {
    entry.fileName = optional("file name") || null;
  }
  return entry;
}

function decodeDependencies(cursor: TocCursor, dumpId: number): number[] {
  // "true" for a table WITH OIDS, which only servers before 12 had
  cursor.text(`the OID mark of entry ${dumpId}`);
  const dependencies: number[] = [];
  for (;;) {
    const text = cursor.text(`a dependency of entry ${dumpId}`);
    if (text === null) return dependencies;
    const dependency = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (dependency < 1 || dependency > MAX_DUMP_ID) {
      throw cursor.damaged(`a dependency of entry ${dumpId} is ${JSON.stringify(text.slice(0, 40))}, before the byte`);
    }
    dependencies.push(dependency);
  }
}
