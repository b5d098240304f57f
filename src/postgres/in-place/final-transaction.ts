import { RefusedError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { loadSerial } from "../load/load-serial.ts";
import { readLockSpace } from "../lock-space.ts";
import { quoteIdentifier } from "../quoting.ts";
import { refuseOthers } from "./alone.ts";
import { listDatabaseWide, splitExisting } from "./database-wide.ts";
import { finalLockNeed, lockRenamedTables } from "./final-locks.ts";
import { asideName, commentOnSchema } from "./markers.ts";
import { moveAside, sortLiveSchemas } from "./move-aside.ts";
import type { StagingPlan } from "./stageable-schemas.ts";

/** How long a statement of the switch waits for a lock. */
export const switchLockTimeout = "30s";

/** What {@link runFinalTransaction} needs. */
export interface FinalTransactionOptions {
  source: DumpSource;
  reporter: Reporter;
  signal: AbortSignal;
  now(): Date;
  keepUntil: Date | undefined | false;
  afterLoad?(client: Client): Promise<void>;
  ownPids?: readonly number[];
  runId: string;
  staging: StagingPlan;
  beforeCommit(): Promise<void>;
}

/**
 * The switch, up to the COMMIT that is the caller's: the live state goes aside, what was loaded aside takes its name, and only
 * then the rest is made, so that defaults, foreign keys and views in it bind to the new tables.
 * @param client in a transaction block, with an empty `search_path`
 */
export async function runFinalTransaction(client: Client, options: FinalTransactionOptions): Promise<void> {
  const { staging, runId, reporter, signal, ownPids = [] } = options;
  await client.query(`SET LOCAL lock_timeout = '${switchLockTimeout}'`);
  await refuseOthers(client, ownPids);
  const live = await sortLiveSchemas(client);
  const need = await finalLockNeed(client, live, staging);
  await lockRenamedTables(client, live, need, (await readLockSpace(client)).entries);
  await moveAside(client, {
    runId,
    state: "previous",
    createdAt: options.now().toISOString(),
    keepUntil: options.keepUntil instanceof Date ? options.keepUntil.toISOString() : null,
  });
  await renameStaged(client, staging, runId);
  const { run, existing } = splitExisting(staging.final, await listDatabaseWide(client));
  if (existing.length > 0) {
    reporter.report({
      type: "warning",
      code: "database-wide-kept",
      message: "these belong to the whole database and stay as they are",
      details: existing.map(({ entry }) => `${entry.description} ${entry.tag}`),
    });
  }
  await loadSerial(client, { entries: run, source: options.source, reporter, signal });
  await options.afterLoad?.(client);
  // constraints that wait for COMMIT speak up while it can still be said what they are about
  await client.query("SET CONSTRAINTS ALL IMMEDIATE");
  signal.throwIfAborted();
  await refuseOthers(client, ownPids);
  await options.beforeCommit();
  await refuseOthers(client, ownPids);
}

/** Gives the schemas loaded aside their names. @throws RefusedError when another role's schema has one of them */
async function renameStaged(client: Client, staging: StagingPlan, runId: string): Promise<void> {
  for (const original of staging.staged.keys()) {
    const { rowCount } = await client.query("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", [original]);
    if (rowCount !== 0) {
      throw new RefusedError("schema-of-others", `schema ${original} belongs to another role and cannot be replaced`);
    }
    await client.query(
      `ALTER SCHEMA ${quoteIdentifier(asideName(original, "new", runId))} RENAME TO ${quoteIdentifier(original)};
       ${commentOnSchema(original, null)}`,
    );
  }
}
