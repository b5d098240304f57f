import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { tocEntryName } from "../../archive/entry-names.ts";
import type { StageProgress } from "../../progress.ts";
import type { DamagedContents } from "./damaged-contents.ts";
import type { LossList } from "./loss-list.ts";
import { tablePieces } from "./table-pieces.ts";
import { readWitnessed } from "./witness.ts";
import { keepDamaged, placeMember, writeMember } from "./write-member.ts";

/** What was saved of tables and large objects without a database. */
export interface RawData {
  tables: number;
  rows: number;
  largeObjects: number;
}

/**
 * Without a sound table of contents nothing tells what tables look like: their rows are saved as COPY text, large objects as
 * files, and the table of contents as it is.
 */
export async function saveRawData(
  { archive, manifest, tables, largeObjects }: DamagedContents,
  folder: string,
  losses: LossList,
  progress: StageProgress,
): Promise<RawData> {
  const totals: RawData = { tables: 0, rows: 0, largeObjects: 0 };
  await mkdir(join(folder, "tables"), { recursive: true });
  for (const [dumpId, member] of tables) {
    const { table, rows: totalRows } = member.listed ?? {};
    const label = table === undefined ? `table data ${dumpId}` : `${table.schema}.${table.name}`;
    const file = `${dumpId}${table === undefined ? "" : `-${`${table.schema}.${table.name}`.replaceAll(/[^\w.-]/g, "_").slice(0, 180)}`}.copy`;
    let rows = 0;
    const common = { what: label, ...(totalRows === undefined ? {} : { totalRows }) };
    const text = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of tablePieces(archive, member)) {
        const last = piece.rows === undefined ? null : piece.firstRow + piece.rows - 1;
        const range = { from: piece.firstRow, to: last };
        if (piece.kind === "lost") {
          losses.add({ kind: "rows", ...common, rows: range, reason: piece.reason });
          continue;
        }
        if (!piece.isProven)
          losses.add({ kind: "unproven-rows", ...common, rows: range, reason: "the digest differs" });
        rows += piece.rows;
        progress.advance(piece.text.length);
        yield piece.text;
      }
    };
    await pipeline(text(), createWriteStream(join(folder, "tables", file), { mode: 0o600 }));
    totals.rows += rows;
    if (rows > 0) totals.tables += 1;
  }
  for (const [oid, member] of largeObjects) {
    const written = await writeMember(archive, member, folder, undefined, (bytes) => progress.advance(bytes));
    if (written.isProven) {
      await placeMember(written, folder, `large-objects/${oid}`);
      totals.largeObjects += 1;
      continue;
    }
    const keptAs = await keepDamaged(archive, member, written, folder, `large-objects/${oid}`);
    losses.add({
      kind: "large-object",
      what: oid,
      reason: written.reason,
      ...(keptAs === undefined ? {} : { keptAs }),
    });
  }
  const { bytes } = await readWitnessed(archive, tocEntryName, manifest.entries.get(tocEntryName));
  if (bytes.length > 0) {
    await mkdir(join(folder, "damaged"), { recursive: true });
    await writeFile(join(folder, "damaged", "toc.dat"), bytes, { mode: 0o600 });
  }
  return totals;
}
