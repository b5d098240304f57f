import type { RescueSource } from "../../postgres/rescue/rescue-source.ts";
import type { Toc, TocEntry } from "../../postgres/toc.ts";
import { plainContent } from "../contents/plain-content.ts";
import type { DamagedContents, DamagedMember } from "./damaged-contents.ts";
import { tablePieces } from "./table-pieces.ts";
import { isProven } from "./witness.ts";

/** What a damaged archive gives to a fresh database. */
export function rescueSource(contents: DamagedContents, toc: Toc): RescueSource {
  const { archive, tables, largeObjects } = contents;
  const memberOf = (entry: TocEntry): DamagedMember | undefined => {
    const member = tables.get(entry.dumpId);
    if (member !== undefined || entry.fileName === null || entry.fileName === "") return member;
    return { name: `postgres/${entry.fileName}`, codec: "none", listed: undefined };
  };
  return {
    toc,
    sizeBytes(entry) {
      const member = tables.get(entry.dumpId);
      return member?.listed?.plainBytes ?? archive.entries.get(member?.name ?? "")?.storedBytes ?? 0;
    },
    pieces(entry) {
      const member = memberOf(entry);
      return member === undefined ? undefined : tablePieces(archive, member);
    },
    async *largeObjects() {
      for (const [oid, member] of largeObjects)
        if (await isProven(archive, member.name, member.listed))
          yield { oid, content: plainContent(archive.content(member.name), member) };
    },
  };
}

/** Large objects that a table of contents names. */
export function namedLargeObjects(toc: Toc): string[] {
  return toc.entries.flatMap(({ description, tag, definition }) => {
    if (description === "BLOB") return [tag];
    return description === "BLOB METADATA" ? (definition ?? "").split("\n").filter((line) => /^\d+$/.test(line)) : [];
  });
}
