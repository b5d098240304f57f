import { detectApplication } from "../../applications/detect.ts";
import type { Context } from "../../context.ts";
import { messageOf } from "../../errors.ts";
import { analyzeTables } from "../../postgres/load/analyze.ts";
import type { FreshDatabase } from "../../postgres/rescue/fresh-database.ts";
import { loadRescued } from "../../postgres/rescue/load-rescued.ts";
import type { Toc } from "../../postgres/toc.ts";
import { type Reporter, startStage } from "../../progress.ts";
import type { DamagedContents } from "./damaged-contents.ts";
import type { LossList } from "./loss-list.ts";
import { namedLargeObjects, rescueSource } from "./rescue-source.ts";
import { type RescuedRows, readRescuedRows } from "./rescued-rows.ts";
import { isProven } from "./witness.ts";

/** What was loaded, or saved as text. */
export interface RescuedDatabase {
  tables: number;
  rows: number;
  largeObjects: number;
  /** What the database says of files; undefined where there is none. */
  blobRows: RescuedRows | undefined;
}

/** What {@link rescueDatabase} needs besides the archive. */
export interface RescueDatabaseOptions {
  database: FreshDatabase;
  /** Connections that load at once. */
  jobs: number;
  /** What is lost is added here. */
  losses: LossList;
  context: Context;
  reporter: Reporter;
}

/**
 * Loads what is sound of an archive's database into a fresh one, and names what is lost.
 * @param toc the archive's, which is sound
 */
export async function rescueDatabase(
  contents: DamagedContents,
  toc: Toc,
  { database, jobs, losses, context, reporter }: RescueDatabaseOptions,
): Promise<RescuedDatabase> {
  const { signal } = context;
  let areBlobRowsComplete = true;
  const totalOf = (dumpId: number): { totalRows?: number } => {
    const totalRows = contents.tables.get(dumpId)?.listed?.rows;
    return totalRows === undefined ? {} : { totalRows };
  };
  const totals = await loadRescued({
    connect: () => database.connect(),
    jobs,
    source: rescueSource(contents, toc),
    reporter,
    signal,
    losses: {
      rows({ entry }, from, to, reason) {
        const what = `${entry.namespace ?? ""}.${entry.tag}`;
        if (what === "public.fileobj") areBlobRowsComplete = false;
        losses.add({ kind: "rows", what, rows: { from, to }, ...totalOf(entry.dumpId), reason });
      },
      unproven({ entry }, from, to) {
        const what = `${entry.namespace ?? ""}.${entry.tag}`;
        if (what === "public.fileobj") areBlobRowsComplete = false;
        const reason = "no digest proves them: some of them hold something else than they did, or some are missing";
        losses.add({ kind: "unproven-rows", what, rows: { from, to }, ...totalOf(entry.dumpId), reason });
      },
      definition: (label, sql, reason) => losses.addStatement(label, sql, reason),
      largeObject: (oid, reason) => losses.add({ kind: "large-object", what: oid, reason }),
    },
  });
  for (const oid of new Set([...namedLargeObjects(toc), ...contents.largeObjects.keys()])) {
    const member = contents.largeObjects.get(oid);
    if (member === undefined) losses.add({ kind: "large-object", what: oid, reason: "it is not in the archive" });
    else if (!(await isProven(contents.archive, member.name, member.listed)))
      losses.add({ kind: "large-object", what: oid, reason: `the digest of entry ${member.name} differs` });
  }
  const client = await database.connect();
  let blobRows: RescuedRows | undefined;
  try {
    await settle(() => detectApplication(client).then((application) => application.afterLoad(client)), reporter);
    blobRows = await readRescuedRows(client, areBlobRowsComplete);
  } finally {
    await client.end();
  }
  startStage(reporter, "statistics");
  await settle(() => analyzeTables({ connect: () => database.connect(), jobs, reporter, signal }), reporter);
  return { ...totals, blobRows };
}

/** Does what a rescue can do without. */
async function settle(action: () => Promise<unknown>, reporter: Reporter): Promise<void> {
  try {
    await action();
  } catch (error) {
    reporter.report({ type: "warning", code: "not-settled", message: `left undone: ${messageOf(error)}` });
  }
}
