import type { DumpSource, LargeObjectData, TableRows } from "../../postgres/load/dump-source.ts";
import type { TocEntry } from "../../postgres/toc.ts";
import type { ArchiveContents, DataEntry } from "../contents/archive-contents.ts";
import { readFrames, readPlain } from "../contents/read-data.ts";

/**
 * What a database is loaded from, out of an archive. Rows that were written in frames can be loaded in parts, as far as
 * each frame has a check of its own.
 */
export function archiveSource(contents: ArchiveContents): DumpSource {
  return {
    toc: contents.toc,
    table(entry: TocEntry): TableRows | undefined {
      const data = contents.tables.get(entry.dumpId);
      return data === undefined ? undefined : tableRows(contents, data);
    },
    async *largeObjects(): AsyncGenerator<LargeObjectData> {
      for (const [oid, data] of contents.largeObjects) yield { oid, content: readPlain(contents.reader, data) };
    },
  };
}

function tableRows({ reader }: ArchiveContents, data: DataEntry): TableRows {
  const { listed } = data;
  const frames = data.codec === "none" ? undefined : listed?.frames;
  if (frames === undefined || frames.length === 0)
    return {
      plainBytes: listed?.plainBytes ?? reader.entries.get(data.name)?.contentBytes ?? 0,
      parts: 1,
      rows: listed?.rows,
      open: () => readPlain(reader, data),
    };
  return {
    plainBytes: listed?.plainBytes ?? 0,
    parts: frames.length,
    rows: listed?.rows,
    open: (fromPart, toPart) => readFrames(reader, data, fromPart, toPart),
  };
}
