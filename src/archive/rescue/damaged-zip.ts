import type { ByteSource } from "../../bytes.ts";
import type { Damage } from "../damage.ts";
import { digestOfComment } from "../manifest-types.ts";
import { checkZipStructure } from "../zip-check.ts";
import { type ZipEntry, readZipDirectory } from "../zip-directory.ts";
import { type ZipEnd, readZipEnd } from "../zip-end-records.ts";
import { localHeaderBytes } from "../zip-local-header.ts";
import type { DamagedArchive, DamagedEntry } from "./damaged-archive.ts";
import { inflateAsFar } from "./inflate-as-far.ts";
import { readableSource } from "./readable-source.ts";
import { type ScannedEntry, scanZip } from "./scan-zip.ts";

const readBytes = 1024 * 1024;
const mostDamages = 1000;

/** An entry with the place of its data, undefined until somebody wants it. */
interface PlacedEntry extends DamagedEntry {
  localOffsetBytes: number;
  dataOffsetBytes: number | undefined;
  nameBytes: number;
}

/**
 * Opens whatever can be found of a ZIP. A sound structure is taken as it is. Otherwise the file is searched for local headers,
 * and what is left of the central directory is joined with what they say. The archive closes the source.
 */
export async function openDamagedZip(given: ByteSource, signal?: AbortSignal): Promise<DamagedArchive> {
  const damages: Damage[] = [];
  const report = (damage: Damage): void => void (damages.length < mostDamages && damages.push(damage));
  const source = readableSource(given, report);
  for (const damage of await checkZipStructure(source, signal === undefined ? {} : { signal })) report(damage);
  const end = await readZipEnd(source, () => {});
  const isSound = damages.length === 0 && end !== undefined;
  const scan = isSound ? undefined : await scanZip(source, () => {}, signal);
  const central = await readCentral(source, end, scan?.directoryOffsetBytes);
  const placed = scan === undefined ? central.map(placedByDirectory) : await joinEntries(source, scan.entries, central);
  const entries = new Map<string, PlacedEntry>();
  for (const entry of placed) if (!entry.name.endsWith("/") && !entries.has(entry.name)) entries.set(entry.name, entry);
  const starts = placed.map((entry) => entry.localOffsetBytes).toSorted((a, b) => a - b);
  const isWhole = isSound || scan?.directoryOffsetBytes !== undefined || central.length > 0;

  const dataOffset = async (entry: PlacedEntry): Promise<number> =>
    (entry.dataOffsetBytes ??= await findData(source, entry, starts));
  const find = (name: string): PlacedEntry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`there is no entry ${name}`);
    return entry;
  };
  const readStored = async (name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> => {
    const entry = find(name);
    const from = (await dataOffset(entry)) + offsetBytes;
    const room = Math.min(entry.storedBytes - offsetBytes, source.sizeBytes - from);
    return await source.read(from, Math.max(0, Math.min(lengthBytes, room)));
  };
  async function* stored(name: string): AsyncGenerator<Buffer> {
    for (let at = 0; ;) {
      signal?.throwIfAborted();
      const chunk = await readStored(name, at, readBytes);
      if (chunk.length === 0) return;
      at += chunk.length;
      yield chunk;
    }
  }
  return {
    label: source.label,
    manifestDigest: digestOfComment(end?.comment ?? "") ?? (await findDigest(source)),
    entries,
    damages,
    cutAtBytes: isWhole ? undefined : source.sizeBytes,
    readStored,
    content: (name) => (find(name).method === "stored" ? stored(name) : inflateAsFar("deflate", stored(name))),
    close: () => source.close(),
  };
}

/** As many central headers as make sense, each by itself. */
async function readCentral(
  source: ByteSource,
  end: ZipEnd | undefined,
  foundAtBytes: number | undefined,
): Promise<ZipEntry[]> {
  // Its count may be what is damaged.
  if (end !== undefined) return await readZipDirectory(source, { ...end, entryCount: 0 }, () => {});
  if (foundAtBytes === undefined) return [];
  const directoryBytes = source.sizeBytes - foundAtBytes;
  const guessed = { directoryOffsetBytes: foundAtBytes, directoryBytes, entryCount: 0, comment: "", isOurs: false };
  return await readZipDirectory(source, guessed, () => {});
}

function placedByDirectory(entry: ZipEntry): PlacedEntry {
  const { name, method, storedBytes, contentBytes, crc32, localOffsetBytes, nameBytes } = entry;
  const common = { name, method, storedBytes, contentBytes, localOffsetBytes, nameBytes };
  return { ...common, crcs: [crc32], isCut: false, dataOffsetBytes: undefined };
}

/**
 * Joins both lists. Where they tell of the same entry, its own header counts, unless its end was not found; where they name
 * one place differently, both names lead there, and whoever looks for one of them compares digests. Entries whose names
 * agree come first: of two entries of one name, the first counts.
 */
async function joinEntries(
  source: ByteSource,
  scanned: readonly ScannedEntry[],
  central: readonly ZipEntry[],
): Promise<PlacedEntry[]> {
  const byOffset = new Map(central.map((entry) => [entry.localOffsetBytes, entry]));
  const agreed: PlacedEntry[] = [];
  const doubtful: PlacedEntry[] = [];
  const found = new Map<number, PlacedEntry>();
  for (const { isSure, ...entry } of scanned) {
    const other = byOffset.get(entry.localOffsetBytes);
    const joined: PlacedEntry = { ...entry, nameBytes: Buffer.byteLength(entry.name) };
    if (other !== undefined) {
      joined.crcs = [...entry.crcs, other.crc32];
      joined.contentBytes ??= other.contentBytes;
      if (!isSure) Object.assign(joined, { storedBytes: other.storedBytes, contentBytes: other.contentBytes });
      if (!isSure) joined.isCut = false;
    }
    found.set(entry.localOffsetBytes, joined);
    (other?.name === entry.name ? agreed : doubtful).push(joined);
  }
  for (const entry of central) {
    const there = found.get(entry.localOffsetBytes);
    if (there === undefined) ((await hasHeader(source, entry)) ? agreed : doubtful).push(placedByDirectory(entry));
    else if (there.name !== entry.name) doubtful.push({ ...there, name: entry.name });
  }
  return [...agreed, ...doubtful];
}

/** Whether the local header of an entry bears its name. */
async function hasHeader(source: ByteSource, { name, localOffsetBytes, nameBytes }: ZipEntry): Promise<boolean> {
  const length = localHeaderBytes + nameBytes;
  if (localOffsetBytes + length > source.sizeBytes) return false;
  return (await source.read(localOffsetBytes, length)).toString("utf8", localHeaderBytes) === name;
}

/** Extra fields of a streamed entry's local header, and its data descriptor: what can stand beside name and data. */
const zip64ExtraBytes = 20;
const descriptorBytes = [24, 16, 12];

/**
 * Where the data of an entry begin that only the central directory tells of. The lengths in its local header count when they
 * agree with the next entry's place; else that place does.
 */
async function findData(source: ByteSource, entry: PlacedEntry, starts: readonly number[]): Promise<number> {
  const { localOffsetBytes, nameBytes, storedBytes } = entry;
  const plain = localOffsetBytes + localHeaderBytes + nameBytes;
  const next = starts.find((start) => start > localOffsetBytes);
  const gap = next === undefined ? undefined : next - plain - storedBytes;
  if (gap === 0 || (gap !== undefined && descriptorBytes.includes(gap))) return plain;
  if (gap === zip64ExtraBytes || gap === zip64ExtraBytes + 24) return plain + zip64ExtraBytes;
  const room = Math.min(localHeaderBytes, source.sizeBytes - localOffsetBytes);
  const fixed = room < localHeaderBytes ? undefined : await source.read(localOffsetBytes, localHeaderBytes);
  return fixed === undefined ? plain : plain + fixed.readUInt16LE(28);
}

/** The comment, wherever it stands near the end. */
async function findDigest(source: ByteSource): Promise<string | undefined> {
  const tailBytes = Math.min(source.sizeBytes, 128 * 1024);
  const tail = await source.read(source.sizeBytes - tailBytes, tailBytes);
  return [...tail.toString("latin1").matchAll(/ngwbackup manifest sha256=([0-9a-f]{64})/g)].at(-1)?.[1];
}
