import { crc32 } from "node:zlib";
import type { ByteSource } from "../../bytes.ts";
import type { DamageHandler } from "../damage.ts";
import { Signature } from "../zip-fields.ts";
import { type Header, damagedDescriptorBefore, descriptorAt, headerAt, isCentral } from "./find-records.ts";
import { SignatureSearch } from "./signatures.ts";

/** An entry that was found by its local header. */
export interface ScannedEntry {
  name: string;
  localOffsetBytes: number;
  dataOffsetBytes: number;
  method: "stored" | "deflate";
  storedBytes: number;
  contentBytes: number | undefined;
  crcs: number[];
  /** The file ends within it. */
  isCut: boolean;
  /** Its end was found where its sizes say. */
  isSure: boolean;
}

/** What a scan found. */
export interface ZipScan {
  entries: ScannedEntry[];
  /** Where the central directory begins; undefined when the file ends before. */
  directoryOffsetBytes: number | undefined;
}

const recordBytes = 4;
/** Contents up to this size are compared with their CRC-32 when it is in doubt where they end. */
const comparedBytes = 1024 * 1024 * 1024;

/**
 * Finds the entries of a ZIP without its central directory, from local header to local header (APPNOTE 4.3.7). Where one is
 * damaged, the next that bears a name of an archive is looked for. A ZIP that stands in an archive as a file is passed over
 * with the entry that it is in.
 */
export async function scanZip(source: ByteSource, report: DamageHandler, signal?: AbortSignal): Promise<ZipScan> {
  const search = new SignatureSearch(source);
  const entries: ScannedEntry[] = [];
  let at = 0;
  while (at < source.sizeBytes) {
    signal?.throwIfAborted();
    if (await isDirectory(search, at)) {
      const next = await nextLocal(search, at);
      if (next === undefined) return { entries, directoryOffsetBytes: at };
      // It belongs to a file that is an archive itself, into which the search fell behind a damaged header.
      const start = await startOfNested(search, at, next);
      while (start > 0 && (entries.at(-1)?.localOffsetBytes ?? -1) >= start) entries.pop();
      at = next;
      continue;
    }
    const header = await headerAt(search, at, true);
    if (header === undefined) {
      const next = await nextRecord(search, at + 1);
      const found = next === undefined ? "nothing more" : `the next record at ${next}`;
      report({ what: "no local header", offsetBytes: at, expected: "one", found });
      if (next === undefined) break;
      at = next;
      continue;
    }
    const { entry, next } = await endOf(search, source, header, at);
    entries.push(entry);
    at = next;
  }
  return { entries, directoryOffsetBytes: undefined };
}

async function isDirectory(search: SignatureSearch, at: number): Promise<boolean> {
  const signature = await search.at(at, recordBytes);
  if (signature.length < recordBytes) return false;
  const value = signature.readUInt32LE(0);
  return value === Signature.centralHeader || value === Signature.zip64End || value === Signature.end;
}

/** The next local header that bears a name of an archive. */
async function nextLocal(search: SignatureSearch, from: number): Promise<number | undefined> {
  for await (const { offsetBytes, kind } of search.from(from))
    if (kind === "local" && (await headerAt(search, offsetBytes, false)) !== undefined) return offsetBytes;
  return undefined;
}

/** Where an archive begins whose central directory stands at a place, by its end record (APPNOTE 4.3.16); 0 when that is gone. */
async function startOfNested(search: SignatureSearch, from: number, to: number): Promise<number> {
  for await (const { offsetBytes, kind } of search.from(from)) {
    if (offsetBytes >= to) return 0;
    if (kind !== "end") continue;
    const record = await search.at(offsetBytes, 22);
    return record.length < 22 ? 0 : Math.max(0, offsetBytes - record.readUInt32LE(12) - record.readUInt32LE(16));
  }
  return 0;
}

/** The next header or central header that bears a name of an archive. */
async function nextRecord(search: SignatureSearch, from: number): Promise<number | undefined> {
  for await (const { offsetBytes, kind } of search.from(from)) {
    if (kind === "local" && (await headerAt(search, offsetBytes, false)) !== undefined) return offsetBytes;
    if (kind === "central" && (await isCentral(search, offsetBytes))) return offsetBytes;
  }
  return undefined;
}

interface Found {
  entry: ScannedEntry;
  /** Where the next record must be. */
  next: number;
}

async function endOf(search: SignatureSearch, source: ByteSource, header: Header, at: number): Promise<Found> {
  const { name, method, dataOffsetBytes, crc, sizes, hasZip64 } = header;
  if (sizes !== undefined && sizes.storedBytes <= source.sizeBytes - dataOffsetBytes) {
    const crcs = crc === undefined ? [] : [crc];
    const end = dataOffsetBytes + sizes.storedBytes;
    const common = { name, localOffsetBytes: at, dataOffsetBytes, method };
    const known = { ...common, ...sizes, crcs, isCut: false, isSure: true };
    const descriptor = await descriptorAt(search, end, sizes.storedBytes, hasZip64);
    if (descriptor !== undefined)
      return { entry: { ...known, crcs: [...crcs, descriptor.crc] }, next: end + descriptor.lengthBytes };
    const isFollowed = (await isDirectory(search, end)) || (await headerAt(search, end, true)) !== undefined;
    if (isFollowed || (await agrees(source, header, sizes.storedBytes))) return { entry: known, next: end };
  }
  return sizes === undefined
    ? await streamedEnd(search, source, header, at)
    : await damagedEnd(search, source, { ...header, sizes }, at);
}

/**
 * The end of an entry whose sizes follow its data: the descriptor that tells of just so many bytes. Only when there is none up
 * to the end of the file, one that is damaged will do, or the header of what must be a neighbour.
 */
async function streamedEnd(
  search: SignatureSearch,
  source: ByteSource,
  { name, method, dataOffsetBytes, crc, hasZip64 }: Header,
  at: number,
): Promise<Found> {
  const crcs = crc === undefined ? [] : [crc];
  const common = { name, localOffsetBytes: at, dataOffsetBytes, method };
  let near: Found | undefined;
  let isFirst = true;
  for await (const hit of search.from(dataOffsetBytes)) {
    const distance = hit.offsetBytes - dataOffsetBytes;
    if (hit.kind === "descriptor") {
      const descriptor = await descriptorAt(search, hit.offsetBytes, distance, hasZip64);
      if (descriptor === undefined) continue;
      const { contentBytes, lengthBytes } = descriptor;
      const entry = { ...common, storedBytes: distance, contentBytes, isCut: false, isSure: true };
      return { entry: { ...entry, crcs: [...crcs, descriptor.crc] }, next: hit.offsetBytes + lengthBytes };
    }
    if (near !== undefined || hit.kind === "end") continue;
    const next = hit.kind === "local" ? (await headerAt(search, hit.offsetBytes, false))?.name : "";
    if (next === undefined || (hit.kind === "central" && !(await isCentral(search, hit.offsetBytes)))) continue;
    const before = await damagedDescriptorBefore(search, hit.offsetBytes, dataOffsetBytes);
    if (before !== undefined || (isFirst && isNeighbour(name, next))) {
      const storedBytes = distance - (before?.lengthBytes ?? 0);
      const all = before === undefined ? crcs : [...crcs, before.crc];
      const contentBytes = method === "stored" ? storedBytes : undefined;
      const entry = { ...common, storedBytes, contentBytes, crcs: all, isCut: false, isSure: false };
      near = { entry, next: hit.offsetBytes };
    }
    isFirst = false;
  }
  if (near !== undefined) return near;
  const storedBytes = source.sizeBytes - dataOffsetBytes;
  const entry = { ...common, storedBytes, contentBytes: undefined, crcs, isCut: true, isSure: false };
  return { entry, next: source.sizeBytes };
}

/** Whether an entry may follow another: a file that is an archive itself begins otherwise. */
function isNeighbour(name: string, next: string): boolean {
  if (name.startsWith("postgres/")) return true;
  return next.startsWith(name.slice(0, name.lastIndexOf("/") + 1)) || next === "" || next.startsWith("manifest.");
}

/** The end of an entry behind which there is no record where its sizes say. */
async function damagedEnd(
  search: SignatureSearch,
  source: ByteSource,
  { name, method, dataOffsetBytes, crc = 0, sizes }: Header & { sizes: { storedBytes: number; contentBytes: number } },
  at: number,
): Promise<Found> {
  const room = source.sizeBytes - dataOffsetBytes;
  const common = { name, localOffsetBytes: at, dataOffsetBytes, method, crcs: [crc], isSure: false };
  const until = (offsetBytes: number): Found => {
    const storedBytes = offsetBytes - dataOffsetBytes;
    const contentBytes = method === "stored" ? storedBytes : sizes.contentBytes;
    return { entry: { ...common, storedBytes, contentBytes, isCut: false }, next: offsetBytes };
  };
  let near: Found | undefined;
  let isFirst = true;
  const running = new RunningCrc(source, dataOffsetBytes);
  for await (const hit of search.from(dataOffsetBytes)) {
    if (hit.kind === "descriptor" || hit.kind === "end" || hit.offsetBytes - dataOffsetBytes > comparedBytes) continue;
    const next = hit.kind === "local" ? (await headerAt(search, hit.offsetBytes, false))?.name : "";
    if (next === undefined || (hit.kind === "central" && !(await isCentral(search, hit.offsetBytes)))) continue;
    if (method === "stored" && (await running.upTo(hit.offsetBytes)) === crc) return until(hit.offsetBytes);
    if (isFirst && isNeighbour(name, next)) near = until(hit.offsetBytes);
    isFirst = false;
  }
  if (near !== undefined && near.next < dataOffsetBytes + sizes.storedBytes) return near;
  const storedBytes = Math.min(room, sizes.storedBytes);
  const isCut = sizes.storedBytes > room;
  return {
    entry: { ...common, storedBytes, contentBytes: sizes.contentBytes, isCut },
    next: dataOffsetBytes + storedBytes,
  };
}

/** CRC-32 of what lies between a place and others behind it, in order. */
class RunningCrc {
  readonly #source: ByteSource;
  #at: number;
  #value = 0;

  constructor(source: ByteSource, fromBytes: number) {
    this.#source = source;
    this.#at = fromBytes;
  }

  async upTo(offsetBytes: number): Promise<number> {
    const step = 1024 * 1024;
    while (this.#at < offsetBytes) {
      const bytes = await this.#source.read(this.#at, Math.min(step, offsetBytes - this.#at));
      this.#value = crc32(bytes, this.#value);
      this.#at += bytes.length;
    }
    return this.#value;
  }
}

/** Whether so many bytes have the CRC-32 that the header says; false for what is deflated or too large to be looked at. */
async function agrees(source: ByteSource, { method, crc, dataOffsetBytes }: Header, bytes: number): Promise<boolean> {
  if (method !== "stored" || crc === undefined || bytes > comparedBytes) return false;
  return (await new RunningCrc(source, dataOffsetBytes).upTo(dataOffsetBytes + bytes)) === crc;
}
