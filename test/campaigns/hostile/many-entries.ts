import { open } from "node:fs/promises";
import { decodeToc } from "../../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import { encodeRawEnd, rawZip } from "../../fixtures/raw-zip.ts";
import { type Parts, tocOf } from "./forge.ts";

/** A table of contents of small entries. */
export function tocOfMany(parts: Parts, count: number): Buffer {
  const toc = decodeToc(tocOf(parts));
  const head = encodeToc({ ...toc, entries: [] });
  const one = encodeToc({
    ...toc,
    entries: [
      {
        ...toc.entries[0]!,
        dumpId: 1,
        tag: "",
        description: "",
        definition: null,
        dropStatement: null,
        copyStatement: null,
        namespace: null,
        tablespace: null,
        tableAccessMethod: null,
        owner: null,
        dependencies: [],
        fileName: null,
      },
    ],
  }).subarray(head.length);
  const bytes = Buffer.alloc(head.length + one.length * count);
  head.copy(bytes);
  bytes.writeUInt32LE(count, head.length - 4);
  for (let index = 0; index < count; index += 1) {
    const at = head.length + index * one.length;
    one.copy(bytes, at);
    bytes.writeUInt32LE(index + 1, at + 1);
  }
  return bytes;
}

/** Writes a ZIP of so many empty entries, some megabytes at a time. */
export async function writeManyEntries(path: string, count: number, toc: Buffer): Promise<void> {
  const sample = rawZip([{ name: "more/00000000" }]);
  const localBytes = 30 + 13;
  const centralBytes = 46 + 13;
  const local = sample.subarray(0, localBytes);
  const central = sample.subarray(localBytes, localBytes + centralBytes);
  const first = rawZip([{ name: "postgres/toc.dat", content: toc }]);
  const firstCentral = first.subarray(first.length - 22 - 46 - 16, first.length - 22);
  const firstLocal = first.subarray(0, first.length - 22 - 46 - 16);
  const file = await open(path, "wx");
  try {
    await file.write(firstLocal);
    const batch = 50_000;
    const writeAll = async (
      unit: Buffer,
      nameAt: number,
      place: ((index: number) => number) | undefined,
    ): Promise<void> => {
      for (let start = 0; start < count; start += batch) {
        const size = Math.min(batch, count - start);
        const bytes = Buffer.alloc(unit.length * size);
        for (let index = 0; index < size; index += 1) {
          const at = index * unit.length;
          unit.copy(bytes, at);
          bytes.write(String(start + index).padStart(8, "0"), at + nameAt, "latin1");
          if (place !== undefined) bytes.writeUInt32LE(place(start + index), at + 42);
        }
        await file.write(bytes);
      }
    };
    await writeAll(local, 30 + 5, undefined);
    const directoryOffset = firstLocal.length + localBytes * count;
    await file.write(firstCentral);
    await writeAll(central, 46 + 5, (index) => firstLocal.length + index * localBytes);
    const directoryBytes = firstCentral.length + centralBytes * count;
    const end = encodeRawEnd(0xffff, directoryBytes, directoryOffset, "");
    const end64 = Buffer.alloc(76);
    end64.write("PK\u0006\u0006", "latin1");
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(BigInt(count + 1), 24);
    end64.writeBigUInt64LE(BigInt(count + 1), 32);
    end64.writeBigUInt64LE(BigInt(directoryBytes), 40);
    end64.writeBigUInt64LE(BigInt(directoryOffset), 48);
    end64.write("PK\u0006\u0007", 56, "latin1");
    end64.writeBigUInt64LE(BigInt(directoryOffset + directoryBytes), 64);
    end64.writeUInt32LE(1, 72);
    await file.write(end64);
    await file.write(end);
  } finally {
    await file.close();
  }
}
