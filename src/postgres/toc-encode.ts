import { encodeText } from "./toc-text.ts";
import type { Toc, TocEntry } from "./toc.ts";

/** What the header of a directory's `toc.dat` says: `archTar`, since pg_dump writes it by the tar format's code. */
const FORMAT_BYTE = 3;

/**
 * Encodes a table of contents as the `toc.dat` of a directory dump (`WriteHead` and `WriteToc` of
 * pg_backup_archiver.c, in the version that the table says, 1.12 to 1.16). `decodeToc` gives the same table again.
 * @throws RangeError for a table that the format cannot hold
 */
export function encodeToc(toc: Toc): Buffer {
  const { version, createdAt } = toc;
  if (version.major !== 1 || version.minor < 12 || version.minor > 16) {
    throw new RangeError(`a table of contents of version ${version.major}.${version.minor} cannot be written`);
  }
  const writer = new TocWriter();
  writer.raw(Buffer.from("PGDMP"));
  writer.raw(Buffer.of(version.major, version.minor, version.revision, 4, toc.offsetSize, FORMAT_BYTE));
  if (version.minor >= 15) writer.raw(Buffer.of(toc.compression));
  else writer.int(toc.compression);
  const { sec, min, hour, mday, mon, year, isdst } = createdAt;
  for (const part of [sec, min, hour, mday, mon, year, isdst]) writer.int(part);
  for (const text of [toc.databaseName, toc.serverVersion, toc.dumpVersion]) writer.text(text);
  writer.int(toc.entries.length);
  for (const entry of toc.entries) encodeEntry(writer, entry, version.minor);
  return writer.finish();
}

function encodeEntry(writer: TocWriter, entry: TocEntry, minor: number): void {
  writer.int(entry.dumpId);
  writer.int(entry.hadDumper ? 1 : 0);
  writer.text(entry.catalogTableOid);
  writer.text(entry.catalogOid);
  writer.text(entry.tag);
  writer.text(entry.description);
  writer.int(entry.section);
  writer.text(entry.definition);
  writer.text(entry.dropStatement);
  writer.text(entry.copyStatement);
  writer.text(entry.namespace);
  writer.text(entry.tablespace);
  if (minor >= 14) writer.text(entry.tableAccessMethod);
  if (minor >= 16) writer.int(entry.relationKind ?? 0);
  writer.text(entry.owner);
  writer.text("false");
  for (const dependency of entry.dependencies) writer.text(String(dependency));
  writer.text(null);
  writer.text(entry.fileName ?? "");
}

/** Writes into one buffer that grows: a buffer for each of a million fields took half a gigabyte for 9,000 tables. */
class TocWriter {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #used = 0;

  raw(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  int(value: number): void {
    if (!Number.isInteger(value) || Math.abs(value) > 0x7fffffff) throw new RangeError(`${value} is no 32-bit number`);
    this.#makeRoom(5);
    this.#bytes[this.#used] = value < 0 ? 1 : 0;
    this.#bytes.writeUInt32LE(Math.abs(value), this.#used + 1);
    this.#used += 5;
  }

  text(value: string | null): void {
    if (value === null) {
      this.int(-1);
      return;
    }
    if (!value.isWellFormed()) {
      const bytes = encodeText(value);
      this.int(bytes.length);
      this.raw(bytes);
      return;
    }
    // in place, and the length when it is known; UTF-8 takes three bytes a code unit at most
    this.#makeRoom(5 + value.length * 3);
    const start = this.#used;
    const length = this.#bytes.write(value, start + 5, "utf8");
    this.int(length);
    this.#used = start + 5 + length;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#used + bytes, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}
