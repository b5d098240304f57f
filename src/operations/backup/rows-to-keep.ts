import type { Application } from "../../applications/application.ts";
import type { Settings } from "../../config/settings.ts";
import { messageOf } from "../../errors.ts";
import type { Client } from "../../postgres/connection.ts";
import { fixedRowForms } from "../../postgres/row-forms.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { keptFolder, makeKeptFolder } from "./base/kept-folder.ts";
import { type KeptRows, readKeptRows, writeKeptRows } from "./base/kept-rows.ts";
import { type RowFacts, isCut } from "./base/row-facts.ts";
import type { TableCut } from "./dump-tables.ts";

/** What is worth remembering of an archive's rows once the database bears the mark of its backup. */
export interface RowsToKeep {
  kept: Omit<KeptRows, "mark">;
  /** The mark that the snapshot sees. */
  markBefore: string | null;
}

/**
 * What the next backup needs to know of the rows of this one.
 * @param archive SHA-256 of its manifest
 * @returns undefined where nothing can be known again
 */
export function rowsToKeep(
  archive: string | undefined,
  facts: RowFacts | undefined,
  cuts: readonly TableCut[],
): RowsToKeep | undefined {
  if (archive === undefined || facts === undefined) return undefined;
  const { horizon, encoding, forms } = facts;
  const tables = cuts.flatMap(({ piece, framesOfPieces }) => {
    const { schema, name, oid, piecePages, columns } = piece;
    const form = forms.get(oid);
    return !isCut(piece) || form === undefined
      ? []
      : [{ schema, name, oid, filenode: piece.filenode, form, columns, piecePages, framesOfPieces }];
  });
  const { database, endedBelow } = horizon;
  return { markBefore: facts.mark, kept: { archive, database, endedBelow: String(endedBelow), encoding, tables } };
}

/**
 * Remembers the rows of an archive that is complete, after its time was written into the database. A failure costs the next
 * backup time, and is only told.
 */
export async function keepRows(
  { kept, markBefore }: RowsToKeep,
  { settings, application, client }: { settings: Settings; application: Application; client: Client },
  { context, reporter }: ArchiveAccess,
): Promise<void> {
  try {
    // The tables are not locked any more: one that has been altered since may have been so while it was read.
    const forms = await fixedRowForms(
      client,
      kept.tables.map(({ oid }) => oid),
    );
    const tables = kept.tables.filter(({ oid, form }) => forms.get(oid) === form);
    const mark = await application.backupMark(client);
    // One that the snapshot sees does not come after it: something has kept ours from being written.
    if (tables.length === 0 || mark === null || mark === markBefore) return;
    const folder = await makeKeptFolder(settings, "rows", context.isRoot);
    if (folder === undefined) return;
    const { pid, isRoot } = context;
    await writeKeptRows(folder, { ...kept, tables, mark }, { pid, isRoot, now: context.now() });
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
