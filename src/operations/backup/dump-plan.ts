import type { Application } from "../../applications/application.ts";
import { RefusedError } from "../../errors.ts";
import type { Client } from "../../postgres/connection.ts";
import { type TablePiece, planPieces } from "../../postgres/ctid-pieces.ts";
import { dumpToc } from "../../postgres/dump-toc.ts";
import { listMarkedSchemas } from "../../postgres/in-place/markers.ts";
import { lockHolders } from "../../postgres/lock-holders.ts";
import { ensureNotRewritten } from "../../postgres/rewritten-tables.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { type Snapshot, type TableName, lockTables } from "../../postgres/snapshot.ts";
import type { Toc } from "../../postgres/toc.ts";
import type { Reporter } from "../../progress.ts";
import type { EarlierRows } from "./base/earlier-rows.ts";
import { type EarlyTablesOptions, copyEarly } from "./early-tables.ts";
import { heldTables, inArchiveOrder } from "./held-tables.ts";
import { tablesWithRows, withoutTransientRows } from "./table-plan.ts";
import type { HeldTable } from "./table-runs.ts";

/** How long tables that somebody alters are waited for. */
const tableLockMs = 5_000;
/** Nearly in vain, see {@link DumpPlanOptions.isLockedAhead}; thousands of locks take a part of it themselves. */
const queueWaitMs = 1_500;
/** Heap that one COPY takes; with its TOAST it may be more. */
const pieceBytes = 24 * 1024 * 1024;

/** What {@link readDumpPlan} needs. */
export interface DumpPlanOptions {
  settings: ConnectionSettings;
  application: Application;
  pgDumpPath: string;
  snapshot: Snapshot;
  encoding: string;
  /** Whether every table was locked before the snapshot was taken: then pg_dump can only wait for who waits for us, in vain. */
  isLockedAhead: boolean;
  /** How small tables are copied while pg_dump works; undefined: they are not. */
  early: Pick<EarlyTablesOptions, "saved" | "codec" | "level"> | undefined;
  earlier: EarlierRows;
  /** Reads what else is wanted of the snapshot's session, which is idle while pg_dump works; over before any lock is taken. */
  meanwhile: () => Promise<void>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What is to be saved of the database. */
export interface DumpPlan {
  toc: Toc;
  leftOut: TableName[];
  /** In the archive's order: what is to be read, and what is in memory already. */
  tables: (TablePiece | HeldTable)[];
  /** Whether every table is locked until the snapshot ends. */
  locked: boolean;
}

/**
 * Reads the table of contents and plans the pieces, with every table that it names locked by us before pg_dump lets go of
 * it. Where the server has no room for that (some 9,000 tables at its default settings), the tables are looked at after
 * they were copied instead.
 */
export async function readDumpPlan(options: DumpPlanOptions): Promise<DumpPlan> {
  const { settings, application, snapshot, encoding, reporter, signal } = options;
  const { client } = snapshot;
  const ours = await listMarkedSchemas(client);
  if (ours.length > 0)
    reporter.report({
      type: "message",
      message: `left out: ${ours.map(({ schema }) => schema).join(", ")}, which a restore in place keeps for its undo`,
    });
  const excluded = new Set(ours.map(({ schema }) => schema));
  const early =
    options.early &&
    copyEarly({
      ...options.early,
      saved: options.early.saved.filter(({ schema }) => !excluded.has(schema)),
      earlier: options.earlier,
      settings,
      snapshot,
      encoding,
      signal,
    });
  const meanwhile = options.meanwhile();
  // Met below, unless pg_dump fails first.
  meanwhile.catch(() => {});
  let plan: DumpPlan | undefined;
  try {
    await dumpToc({
      settings,
      pgDumpPath: options.pgDumpPath,
      snapshot: snapshot.id,
      ...(options.isLockedAhead ? { lockWaitMs: queueWaitMs } : {}),
      encoding,
      excludeSchemas: [...excluded],
      async whileLocked(found) {
        await meanwhile;
        const locked = await lockTables(
          client,
          tablesWithRows(found),
          options.isLockedAhead ? queueWaitMs : tableLockMs,
        );
        const { toc, leftOut } = withoutTransientRows(found, application);
        const held = early === undefined ? new Map<number, HeldTable>() : heldTables(toc, await early.finish());
        const { cutOf } = options.earlier;
        const pieces = await planPieces(client, toc, { pieceBytes, without: held, cutBefore: cutOf });
        // From here on our locks keep them as they are; between the snapshot and these nothing did.
        if (locked) await ensureNotRewritten(client, pieces);
        plan = { toc, leftOut, tables: inArchiveOrder(toc, pieces, held), locked };
      },
      signal,
    });
  } catch (error) {
    throw await withHolders(error, client);
  } finally {
    await early?.close();
  }
  if (plan === undefined) throw new Error("dumpToc has not shown the table of contents");
  if (!plan.locked)
    reporter.report({
      type: "message",
      message:
        "the server has no room for a lock on every table (max_locks_per_transaction): a layer that is deleted or rewritten during the backup fails it",
    });
  return plan;
}

/** pg_dump does not say which of thousands of tables it has waited for. */
async function withHolders(error: unknown, client: Client): Promise<unknown> {
  if (!(error instanceof RefusedError) || error.code !== "tables-locked" || error.details.length > 0) return error;
  const { code, message, hints } = error;
  let details: readonly string[] = [];
  try {
    details = await lockHolders(client);
  } catch {
    // Who holds it is a help only.
  }
  return new RefusedError(code, message, { cause: error, details, hints });
}
