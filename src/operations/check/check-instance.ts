import { detectApplication } from "../../applications/detect.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import type { Finding } from "../../finding.ts";
import { findPgDump } from "../../postgres/client-tools.ts";
import { checkCollation } from "../../postgres/collation-versions.ts";
import { type Client, connect, serverVersionNumber } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import type { DumpSource } from "../../postgres/load/dump-source.ts";
import type { Toc } from "../../postgres/toc.ts";
import type { Reporter } from "../../progress.ts";
import { formatBytes, formatCount, formatTime } from "../../terminal/format.ts";
import { estimateBackup } from "../backup/estimate.ts";
import { savedTables } from "../backup/saved-tables.ts";
import { checkFolder, checkPlace } from "./check-place.ts";
import { failureFinding } from "./failure-finding.ts";
import { checkEncryption } from "./check-encryption.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { databaseStates } from "../restore/database-states.ts";
import { chooseWay } from "../restore/database-ways.ts";
import { backendPid } from "../restore/restore.ts";

/**
 * Looks at everything that a backup and a restore of this instance would need, before the bad day: connection, tools,
 * folders, room, privileges for both ways of restoring. What dead runs left behind is settled as any command does.
 * @throws nothing for what it checks: each failure is a finding
 */
export async function checkInstance(settings: Settings, context: Context, reporter: Reporter): Promise<Finding[]> {
  const findings: Finding[] = [
    await checkFolder("sdir", settings.sdirPath),
    await checkPlace(settings, context),
    ...(await checkEncryption(settings.ngwbackup.encryption, context.cwd)),
  ];
  let client: Client;
  try {
    client = await connect(settings.database);
  } catch (error) {
    return [...findings, failureFinding("connection", error)];
  }
  try {
    findings.push({ level: "ok", check: "connection", message: "the database can be reached" });
    findings.push(...(await checkDatabase(client, settings, context, reporter)));
  } finally {
    await client.end().catch(() => undefined);
  }
  return findings;
}

async function checkDatabase(
  client: Client,
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    await takeOperationLock(client);
    await clearLeftovers(settings, context, reporter);
    findings.push({ level: "ok", check: "lock", message: "no other backup or restore is at work" });
  } catch (error) {
    findings.push({ ...failureFinding("lock", error), level: "warn" });
  }
  const application = await detectApplication(client);
  findings.push({ level: "ok", check: "application", message: `the database is one of ${application.name}` });
  try {
    const { path, major } = await findPgDump(
      Math.floor((await serverVersionNumber(client)) / 10000),
      context.env,
      settings.ngwbackup.pgBinDir,
    );
    findings.push({ level: "ok", check: "pg-dump", message: `pg_dump of version ${major}: ${path}` });
  } catch (error) {
    findings.push(failureFinding("pg-dump", error));
  }
  try {
    findings.push(await checkRoom(client, settings));
  } catch (error) {
    findings.push(failureFinding("tables", error));
  }
  findings.push(await checkCollation(client));
  const ownPids = [await backendPid(client)];
  // The service may run while we look: only a restore needs it stopped.
  findings.push(
    ...(await chooseWay(undefined, { settings, source: emptySource, ownPids })).findings.filter(
      ({ check }) => check !== "sessions",
    ),
  );
  const states = databaseStates(settings, context, reporter);
  for (const { createdAt, keepUntil } of await states.kept())
    findings.push({
      level: "ok",
      check: "previous",
      message: `the state from before the restore of ${formatTime(createdAt)} is kept${keepUntil === undefined ? "" : ` until ${formatTime(keepUntil)}`}`,
    });
  return findings;
}

const emptyToc: Toc = {
  version: { major: 1, minor: 14, revision: 0 },
  intSize: 4,
  offsetSize: 8,
  format: 3,
  compression: 0,
  createdAt: { sec: 0, min: 0, hour: 0, mday: 1, mon: 0, year: 100, isdst: 0 },
  databaseName: null,
  serverVersion: null,
  dumpVersion: null,
  entries: [],
};

/** An archive without anything: what is checked then concerns the instance alone. */
const emptySource: DumpSource = { toc: emptyToc, table: () => undefined, async *largeObjects() {} };

async function checkRoom(client: Client, settings: Settings): Promise<Finding> {
  const check = "room";
  const application = await detectApplication(client);
  const saved = await savedTables(client, application);
  const estimate = await estimateBackup(client, application, saved, settings.ngwbackup.compression);
  const what = `a backup takes about ${formatBytes(estimate.archiveBytes)} (${formatCount(estimate.tables)} tables, ${formatCount(estimate.blobs)} blobs)`;
  const folder = settings.backup.path;
  const space = folder === undefined ? undefined : await freeSpaceAt(folder);
  if (folder === undefined || space === undefined) return { level: "ok", check, message: what };
  const message = `${what}, ${formatBytes(space.freeBytes)} are free in ${folder}`;
  return space.freeBytes >= estimate.archiveBytes
    ? { level: "ok", check, message }
    : { level: "fail", check, message, hint: "free some space, or keep archives in a folder on another disk" };
}
