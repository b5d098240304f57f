import type { Application } from "../../applications/application.ts";
import type { Settings } from "../../config/settings.ts";
import { messageOf } from "../../errors.ts";
import type { Client } from "../../postgres/connection.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { keptFolder, makeKeptFolder } from "./base/kept-folder.ts";
import { type KeptRows, readKeptRows, writeKeptRows } from "./base/kept-rows.ts";
import { type RowFacts, isCut } from "./base/row-facts.ts";
import type { TableCut } from "./dump-tables.ts";

/**
 * What the next backup needs to know of the rows of this one.
 * @param archive SHA-256 of its manifest
 * @returns undefined where nothing can be known again
 */
export function rowsToKeep(
  archive: string | undefined,
  facts: RowFacts | undefined,
  cuts: readonly TableCut[],
): Omit<KeptRows, "mark"> | undefined {
  if (archive === undefined || facts === undefined) return undefined;
  const { horizon, encoding, forms } = facts;
  const tables = cuts.flatMap(({ piece, framesOfPieces }) => {
    const { schema, name, oid, piecePages } = piece;
    const form = forms.get(oid);
    return !isCut(piece) || form === undefined
      ? []
      : [{ schema, name, oid, filenode: piece.filenode, form, piecePages, framesOfPieces }];
  });
  return { archive, database: horizon.database, endedBelow: String(horizon.endedBelow), encoding, tables };
}

/**
 * Remembers the rows of an archive that is complete, after its time was written into the database. A failure costs the next
 * backup time, and is only told.
 */
export async function keepRows(
  rows: Omit<KeptRows, "mark">,
  { settings, application, client }: { settings: Settings; application: Application; client: Client },
  { context, reporter }: ArchiveAccess,
): Promise<void> {
  if (rows.tables.length === 0) return;
  try {
    const mark = await application.backupMark(client);
    const folder = mark === null ? undefined : await makeKeptFolder(settings, "rows", context.isRoot);
    if (mark !== null && folder !== undefined) await writeKeptRows(folder, { ...rows, mark }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    reporter.report({
      type: "message",
      message: `what the next backup with --base could spare was not remembered: ${messageOf(error)}`,
    });
  }
}

/** What is remembered of the rows of an archive; nothing when that cannot be read, which costs time alone. */
export async function findKeptRows(settings: Settings, archive: string | undefined): Promise<KeptRows | undefined> {
  const folder = keptFolder(settings, "rows");
  if (folder === undefined || archive === undefined) return undefined;
  return await readKeptRows(folder, archive).catch(() => undefined);
}
