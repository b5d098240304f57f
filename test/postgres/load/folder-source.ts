import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DumpSource, LargeObjectData, TableRows } from "../../../src/postgres/load/dump-source.ts";
import { decodeToc } from "../../../src/postgres/toc-decode.ts";
import type { TocEntry } from "../../../src/postgres/toc.ts";

/** Extracts a golden archive's dump into a fresh folder, by `unzip`. */
export async function extractDump(archivePath: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-dump-"));
  execFileSync("unzip", ["-qo", archivePath, "postgres/*", "-d", folder]);
  return join(folder, "postgres");
}

/** A dump source over an extracted, uncompressed folder of pg_dump; rows can be cut at line ends into `parts`. */
export function folderSource(folder: string, parts = 1): DumpSource {
  const toc = decodeToc(readFileSync(join(folder, "toc.dat")));
  return {
    toc,
    table: (entry) => tableRows(join(folder, `${entry.dumpId}.dat`), parts),
    largeObjects: () => largeObjects(folder, toc.entries),
  };
}

function tableRows(path: string, parts: number): TableRows | undefined {
  if (!existsSync(path)) return undefined;
  if (parts === 1) {
    return { plainBytes: statSync(path).size, parts: 1, rows: undefined, open: () => createReadStream(path) };
  }
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -4);
  const bound = (part: number): number => Math.floor((part * lines.length) / parts);
  return {
    plainBytes: statSync(path).size,
    parts,
    rows: lines.length,
    async *open(from, to) {
      const text = lines.slice(bound(from), bound(to)).map((line) => `${line}\n`);
      yield await Promise.resolve(Buffer.from(text.join("")));
    },
  };
}

async function* largeObjects(folder: string, entries: readonly TocEntry[]): AsyncIterable<LargeObjectData> {
  for (const { fileName, description } of entries) {
    if (description !== "BLOBS" || fileName === null) continue;
    for (const line of readFileSync(join(folder, fileName), "utf8").split("\n")) {
      const [oid, file] = line.split(" ");
      if (oid !== undefined && file !== undefined) {
        yield await Promise.resolve({ oid, content: createReadStream(join(folder, file)) });
      }
    }
  }
}
