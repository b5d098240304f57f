import { hash } from "node:crypto";
import { promisify } from "node:util";
import { crc32, deflateRaw } from "node:zlib";
import type { ByteSink } from "../bytes.ts";
import { checkEntryName } from "./entry-path.ts";
import type { ArchiveWriter, EntryTotals } from "./writer.ts";
import { type CentralHeaderInput, encodeCentralHeader } from "./zip-central-header.ts";
import { encodeZipEnd } from "./zip-end-encode.ts";
import { openZipEntry } from "./zip-entry-writer.ts";
import { Method, encodeDosMoment } from "./zip-fields.ts";
import { encodeDataDescriptor, encodeLocalHeader, entryFlags } from "./zip-local-header.ts";
import { createBatchedOutput } from "./zip-output.ts";

const deflateAsync = promisify(deflateRaw);
const emptySha256 = hash("sha256", "");

/** How a ZIP is written. */
export interface ZipWriterOptions {
  /** Stands at every entry, in UTC. */
  modifiedAt: Date;
  /** Of deflated entries, 1 to 9; 6 when not given. */
  deflateLevel?: number;
  /** Where in the file the sink's first byte comes to stand, when something else precedes it; 0 when not given. */
  startOffsetBytes?: number;
}

/**
 * Writes a ZIP64 (APPNOTE 6.3) in one pass to a sink, which is finished or aborted with the writer.
 * Entries of known content have plain headers; streamed ones have data descriptors with 8 byte sizes. The central
 * directory is kept encoded, some 80 bytes an entry.
 */
export function createZipWriter(sink: ByteSink, options: ZipWriterOptions): ArchiveWriter {
  const startOffsetBytes = options.startOffsetBytes ?? 0;
  const level = options.deflateLevel ?? 6;
  const moment = encodeDosMoment(options.modifiedAt);
  const output = createBatchedOutput(sink, startOffsetBytes);
  const directory = createByteList();
  let entryCount = 0;
  let openName: string | undefined;

  const begin = (name: string, isDirectory: boolean): Buffer => {
    if (openName !== undefined) throw new Error(`entry ${name}: ${openName} is still open`);
    checkEntryName(name, isDirectory);
    return Buffer.from(name, "utf8");
  };
  const record = (header: Omit<CentralHeaderInput, "moment">): void => {
    directory.append(encodeCentralHeader({ ...header, moment }));
    entryCount++;
  };
  const writeKnown = async (
    nameBytes: Buffer,
    method: number,
    data: Uint8Array,
    known: { storedBytes: number; contentBytes: number; crc32: number },
    isDirectory: boolean,
  ): Promise<number> => {
    const localOffsetBytes = output.offsetBytes;
    await output.write(encodeLocalHeader({ name: nameBytes, moment, method, known }));
    await output.write(data);
    const flags = entryFlags(false);
    record({ name: nameBytes, isDirectory, flags, method, streamed: false, ...known, localOffsetBytes });
    return localOffsetBytes;
  };

  return {
    get bytesWritten() {
      return output.offsetBytes - startOffsetBytes;
    },
    async addDirectory(name) {
      const known = { storedBytes: 0, contentBytes: 0, crc32: 0 };
      await writeKnown(begin(name, true), Method.stored, new Uint8Array(0), known, true);
    },
    async addEntry(name, content, entryOptions = {}): Promise<EntryTotals> {
      const nameBytes = begin(name, false);
      openName = name;
      const deflated = entryOptions.deflate === true ? await deflateAsync(content, { level }) : content;
      const smaller = deflated.length < content.length;
      const data = smaller ? deflated : content;
      const known = {
        storedBytes: data.length,
        contentBytes: content.length,
        crc32: entryOptions.crc32 ?? crc32(content),
      };
      const method = smaller ? Method.deflate : Method.stored;
      const offsetBytes = await writeKnown(nameBytes, method, data, known, false);
      openName = undefined;
      const sha256 = entryOptions.sha256 ?? (content.length === 0 ? emptySha256 : hash("sha256", content));
      return { name, offsetBytes, ...known, sha256 };
    },
    async openEntry(name, entryOptions = {}) {
      const nameBytes = begin(name, false);
      openName = name;
      const method = entryOptions.deflate === true ? Method.deflate : Method.stored;
      const offsetBytes = output.offsetBytes;
      await output.write(encodeLocalHeader({ name: nameBytes, moment, method, known: undefined }));
      const data = openZipEntry(output, method === Method.deflate ? level : undefined, entryOptions.sha256);
      return {
        write: (chunk) => data.write(chunk),
        async close() {
          if (openName !== name) throw new Error(`entry ${name} is closed already`);
          const totals = await data.close();
          await output.write(encodeDataDescriptor(totals));
          const { storedBytes, contentBytes } = totals;
          const known = { storedBytes, contentBytes, crc32: totals.crc32, localOffsetBytes: offsetBytes };
          record({ name: nameBytes, isDirectory: false, flags: entryFlags(true), method, streamed: true, ...known });
          openName = undefined;
          return { name, offsetBytes, ...totals };
        },
      };
    },
    async finish(comment = "") {
      if (openName !== undefined) throw new Error(`${openName} is still open`);
      const directoryOffsetBytes = output.offsetBytes;
      for (const chunk of directory.chunks()) await output.write(chunk);
      const directoryBytes = output.offsetBytes - directoryOffsetBytes;
      await output.write(encodeZipEnd({ directoryOffsetBytes, directoryBytes, entryCount, comment }));
      await output.flush();
      await sink.finish();
    },
    abort: () => sink.abort(),
  };
}

/** Bytes that are appended in small pieces and held in few large ones. */
function createByteList(): { append(bytes: Buffer): void; chunks(): Iterable<Buffer> } {
  const chunkBytes = 512 * 1024;
  const full: Buffer[] = [];
  let current = Buffer.allocUnsafeSlow(chunkBytes);
  let used = 0;
  return {
    append(bytes) {
      if (used + bytes.length > chunkBytes) {
        full.push(current.subarray(0, used));
        current = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes.length));
        used = 0;
      }
      current.set(bytes, used);
      used += bytes.length;
    },
    chunks: () => [...full, current.subarray(0, used)],
  };
}
