import type { ByteSource } from "../bytes.ts";
import { type DamageHandler, printable } from "./damage.ts";
import { createNameRegister, entryNameProblem } from "./entry-path.ts";
import type { ArchiveEntry } from "./reader.ts";
import {
  type CentralHeader,
  attributesProblem,
  centralHeaderBytes,
  centralVariableBytes,
  decodeCentralHeader,
} from "./zip-central-header.ts";
import type { ZipEnd } from "./zip-end-records.ts";
import { type DosMoment, Flag, Signature } from "./zip-fields.ts";
import { localHeaderBytes, methodName } from "./zip-local-header.ts";

/** An entry with what its central header says about the local one. */
export interface ZipEntry extends ArchiveEntry {
  crc32: number;
  flags: number;
  versionNeeded: number;
  moment: DosMoment;
  localOffsetBytes: number;
  /** Length of the name in the file. */
  nameBytes: number;
}

/** The central directory is read in pieces of this size, whatever size it claims. */
const windowBytes = 1024 * 1024;
/** More entries than any instance has blobs, and few enough to be held. */
const mostEntries = 8_000_000;
/** Deflate cannot do better than 1032:1. */
const deflateLimit = 1032;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads and checks the central directory (APPNOTE 4.3.12). A `./` entry, as NextGIS Web writes it, is in the list under
 * that name.
 * @param report called for each damage; when it returns, the entry is left out and the reading goes on
 * @param isWanted says of an entry whether it is to be in the list; all of them are checked
 */
export async function readZipDirectory(
  source: ByteSource,
  end: ZipEnd,
  report: DamageHandler,
  isWanted: (name: string) => boolean = () => true,
): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  const register = createNameRegister(names);
  const directoryEnd = end.directoryOffsetBytes + end.directoryBytes;
  let count = 0;
  let neededBytes = 0;
  const tooMany = { what: "too many entries", expected: `at most ${mostEntries}`, found: String(end.entryCount) };
  // Nothing needs to be read to know it, unless the count lies.
  if (end.entryCount > mostEntries) {
    report(tooMany);
    return entries;
  }
  for await (const { offset, header } of centralHeaders(source, end, report)) {
    count++;
    if (count > mostEntries) {
      report(tooMany);
      return entries;
    }
    const name = decodeName(header);
    const shown = name ?? header.nameBytes.toString("latin1");
    const problem = name === undefined ? nameEncodingProblem : headerProblem(name, header, end);
    if (name === undefined || problem !== undefined) {
      report({ what: "unacceptable entry", entry: shown, offsetBytes: offset, ...(problem ?? nameEncodingProblem) });
      continue;
    }
    if (register.isTaken(name)) {
      report({
        what: "duplicate entry",
        entry: name,
        offsetBytes: offset,
        expected: "each name once, whatever its case or Unicode form",
        found: printable(name),
      });
      continue;
    }
    neededBytes += localHeaderBytes + header.nameBytes.length + header.storedBytes;
    if (neededBytes > end.directoryOffsetBytes) {
      // Entries that share their data: a small file would unpack to any size, and reading it take any time.
      report({
        what: "entries overlap",
        entry: name,
        offsetBytes: offset,
        expected: `entries that take at most the ${end.directoryOffsetBytes} bytes before the central directory`,
        found: `${neededBytes} bytes up to this one`,
      });
      return entries;
    }
    names.add(name);
    if (!isWanted(name)) continue;
    entries.push({
      name,
      isDirectory: name.endsWith("/"),
      method: methodName(header.method) ?? "stored",
      storedBytes: header.storedBytes,
      contentBytes: header.contentBytes,
      crc32: header.crc32,
      flags: header.flags,
      versionNeeded: header.versionNeeded,
      moment: header.moment,
      localOffsetBytes: header.localOffsetBytes,
      nameBytes: header.nameBytes.length,
    });
  }
  if (count !== end.entryCount) {
    report({
      what: "wrong number of entries in the central directory",
      offsetBytes: directoryEnd,
      expected: `${end.entryCount}, as the end record says`,
      found: String(count),
    });
  }
  return entries;
}

async function* centralHeaders(
  source: ByteSource,
  end: ZipEnd,
  report: DamageHandler,
): AsyncGenerator<{ offset: number; header: CentralHeader }> {
  const directoryEnd = end.directoryOffsetBytes + end.directoryBytes;
  let offset = end.directoryOffsetBytes;
  let window: Buffer = Buffer.alloc(0);
  const fill = async (bytes: number): Promise<boolean> => {
    if (window.length >= bytes) return true;
    if (offset + bytes > directoryEnd) return false;
    window = await source.read(offset, Math.min(Math.max(bytes, windowBytes), directoryEnd - offset));
    return true;
  };
  while (offset < directoryEnd) {
    const complete = await fill(centralHeaderBytes);
    const found = complete ? window.readUInt32LE(0) : undefined;
    const total = found === Signature.centralHeader ? centralHeaderBytes + centralVariableBytes(window) : undefined;
    if (total === undefined || !(await fill(total))) {
      report({
        what: "broken central directory",
        offsetBytes: offset,
        expected: "a whole central header",
        found: total === undefined && found !== undefined ? `signature 0x${found.toString(16)}` : "its end",
      });
      return;
    }
    yield { offset, header: decodeCentralHeader(window.subarray(0, total)) };
    offset += total;
    window = window.subarray(total);
  }
}

interface Problem {
  expected: string;
  found: string;
}

const nameEncodingProblem: Problem = { expected: "a name in UTF-8, and marked so", found: "another encoding" };

function decodeName(header: CentralHeader): string | undefined {
  // Without the UTF-8 flag a name is in code page 437 (APPNOTE D.1), of which only the ASCII part is unambiguous.
  const isUtf8 = (header.flags & Flag.utf8) !== 0;
  if (!isUtf8 && header.nameBytes.some((byte) => byte > 0x7e)) return undefined;
  try {
    return decoder.decode(header.nameBytes);
  } catch {
    return undefined;
  }
}

function headerProblem(name: string, header: CentralHeader, end: ZipEnd): Problem | undefined {
  const { flags, method, storedBytes, contentBytes, localOffsetBytes } = header;
  const badName = name === "./" ? undefined : entryNameProblem(name);
  if (badName !== undefined) return { expected: "a relative name inside the archive", found: badName };
  if (header.extraProblem !== undefined) {
    return { expected: "well-formed extra fields", found: header.extraProblem };
  }
  if ((flags & (Flag.encrypted | Flag.strongEncryption | Flag.maskedHeaders)) !== 0) {
    return { expected: "no encryption", found: "an encrypted entry" };
  }
  if ((flags & Flag.patchedData) !== 0) return { expected: "plain data", found: "patched data" };
  if (methodName(method) === undefined) {
    return { expected: "method 0 (stored) or 8 (deflate)", found: `method ${method}` };
  }
  if (header.diskNumber !== 0) return { expected: "disk 0", found: "another disk" };
  const badAttributes = attributesProblem(header, name.endsWith("/"), end.isOurs);
  if (badAttributes !== undefined) return badAttributes;
  if (name.endsWith("/") && contentBytes !== 0) {
    return { expected: "a directory without content", found: `${contentBytes} bytes` };
  }
  if (methodName(method) === "stored" && storedBytes !== contentBytes) {
    return { expected: `equal sizes, as it is stored: ${storedBytes}`, found: String(contentBytes) };
  }
  if (methodName(method) === "deflate" && contentBytes > storedBytes * deflateLimit) {
    return {
      expected: `at most ${storedBytes * deflateLimit} bytes out of ${storedBytes} deflated ones`,
      found: `${contentBytes} bytes`,
    };
  }
  const dataEnd = localOffsetBytes + localHeaderBytes + header.nameBytes.length + storedBytes;
  if (dataEnd > end.directoryOffsetBytes) {
    return {
      expected: `data that ends before ${end.directoryOffsetBytes}`,
      found: `offset ${localOffsetBytes}, ${storedBytes} bytes`,
    };
  }
  return undefined;
}
