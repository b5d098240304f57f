import { nextgisweb } from "../../applications/nextgisweb.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import { checkCollation } from "../../postgres/collation-versions.ts";
import { connect } from "../../postgres/connection.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { archiveFitFindings } from "../migration-status.ts";
import { storageFolders } from "../storage-folders.ts";
import { archiveSource } from "./archive-source.ts";
import { chooseWay } from "./database-ways.ts";
import { type PresentState, lookAtPresent } from "./present-state.ts";
import type { RestoreRequest } from "./restore.ts";
import type { RestoreWay } from "./run-record.ts";
import { checkDatabaseSpace, checkFileSpace } from "./space-checks.ts";

/** What a restore would do, and all that was checked. */
export interface RestorePlan {
  way: RestoreWay;
  /** Database that is replaced. */
  database: string;
  /** Every check, those that fail too. */
  findings: Finding[];
  /** Tables that the archive defines, those too whose rows it leaves out. */
  definedTables: number;
  /** Tables that it has rows of. */
  tables: number;
  /** Undefined when the archive does not say. */
  rows: number | undefined;
  files: number;
  fileBytes: number;
  /** When the archive's snapshot was taken; undefined when it does not say. */
  snapshotAt: string | undefined;
  /** Migrations to be applied afterwards; undefined when no application can be asked. */
  pendingMigrations: number | undefined;
  /** What is there now; looked up for a dry run only. */
  present: PresentState | undefined;
}

/**
 * Checks everything that can be checked before anything is touched, and chooses the way: side by side where it is
 * possible, in place otherwise. Changes nothing.
 * @param ownPids our own sessions in the database
 */
export async function planRestore(
  contents: ArchiveContents,
  request: RestoreRequest,
  ownPids: readonly number[],
  context: Context,
): Promise<RestorePlan> {
  const { settings } = request;
  const findings: Finding[] = [checkComponents(contents), ...(await checkDatabaseSpace(contents, settings))];
  const { files, fileBytes, finding } = await checkFileSpace(contents, storageFolders(settings));
  findings.push(finding);
  const chosen = await chooseWay(request.way, { settings, source: archiveSource(contents), ownPids });
  findings.push(...chosen.findings);
  const fit = await archiveFitFindings(contents, settings, context);
  findings.push(...fit.findings);
  const client = await connect(settings.database);
  let database: string;
  let present: PresentState | undefined;
  try {
    const { rows } = await client.query<{ name: string }>("select pg_catalog.current_database() as name");
    database = rows[0]!.name;
    findings.push(await checkCollation(client, contents.manifest?.header.database.collationVersion));
    if (request.dryRun) present = await lookAtPresent(client);
  } finally {
    await client.end();
  }
  return {
    way: chosen.way,
    database,
    findings,
    definedTables: contents.toc.entries.filter(({ description }) => description === "TABLE").length,
    tables: contents.tables.size,
    rows: contents.manifest?.end.rows,
    files,
    fileBytes,
    snapshotAt: contents.manifest?.header.snapshotAt,
    pendingMigrations: fit.pending,
    present,
  };
}

function checkComponents({ records, manifest }: ArchiveContents): Finding {
  const check = "components";
  const known = manifest?.header.application.name === "plain" ? new Map<string, string>() : nextgisweb.components;
  const unknown = [...records.keys()].filter((component) => !known.has(component));
  if (unknown.length === 0) return { level: "ok", check, message: "every component of the archive is known" };
  return {
    level: "fail",
    check,
    message: `the archive holds components that are not known: ${unknown.join(", ")}`,
    hint: "install a newer version of ngwbackup",
  };
}
