import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Application } from "../../applications/application.ts";
import type { Codec } from "../../archive/codec.ts";
import type { ManifestHeader } from "../../archive/manifest.ts";
import { AppError } from "../../errors.ts";
import { serverError } from "../../postgres/server-error.ts";
import { type Snapshot, dumpEncoding } from "../../postgres/snapshot.ts";
import { startStage } from "../../progress.ts";
import { type RateLimit, rateLimit } from "../../rate-limit.ts";
import { standBack } from "../stand-back.ts";
import { type RowFacts, readRowFacts } from "./base/row-facts.ts";
import type { BlobCrew } from "./blob-threads/blob-crew.ts";
import { type DumpPlan, readDumpPlan } from "./dump-plan.ts";
import { type PinnedSnapshot, closePinned, takePinnedSnapshot } from "./pinned-snapshot.ts";
import { readDatabaseFacts } from "./server-facts.ts";
import type { WriteBackupOptions } from "./write-backup.ts";

/** How long we try while tables are being altered; each snapshot is given up before anything of it was written. */
const patienceMs = 60_000;
/** After the first; longer by as much each time. */
const pauseMs = 250;

/** What the manifest says of the instance. */
export type InstanceFacts = Pick<ManifestHeader, "instanceId" | "database" | "migrations">;

/** A snapshot and what is to be written of it. */
export interface PlannedSnapshot {
  pinned: PinnedSnapshot;
  plan: DumpPlan;
  facts: InstanceFacts;
  /** To know rows again; undefined where that cannot be, or nobody may refer to the archive. */
  rowFacts: RowFacts | undefined;
  encoding: string;
  codec: Codec;
  readLimit: RateLimit | undefined;
}

/**
 * Takes the snapshot and reads what is to be saved of it. When tables are altered, emptied or dropped in between, or somebody
 * waits to do so, it begins anew with another snapshot and keeps nothing of the first, of which nothing was written yet.
 */
export async function takePlannedSnapshot(options: WriteBackupOptions, crew: BlobCrew): Promise<PlannedSnapshot> {
  const { request, context, reporter } = options;
  const { signal } = context;
  const until = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    startStage(reporter, "snapshot");
    const pinned = await takePinnedSnapshot({
      settings: request.settings.database,
      application: options.application,
      folders: options.folders,
      runId: randomBytes(6).toString("hex"),
      pid: context.pid,
      makers: crew,
      signal,
    });
    let failure: AppError;
    try {
      for (const note of pinned.notes) reporter.report({ type: "message", message: note });
      // Not sooner: while files are linked, uploads wait for us.
      if (attempt === 1) await standBack(request.priority, context, reporter);
      return await planBackup(options, pinned);
    } catch (error) {
      const reason = await reasonOf(error, pinned.snapshot);
      await closePinned(pinned);
      if (performance.now() > until || !isOfChange(reason)) throw reason;
      failure = reason;
    }
    signal.throwIfAborted();
    reporter.report({ type: "message", message: `${failure.message}: nothing was written yet, so it begins anew` });
    // Who waited for us has his turn.
    await sleep(pauseMs * attempt, undefined, { signal });
  }
}

/** Where the snapshot is lost, whatever the server said later failed because of that. */
export async function reasonOf(error: unknown, snapshot: Snapshot): Promise<unknown> {
  if (error instanceof AppError && !["snapshot-lost", "pg-dump-failed"].includes(error.code)) return error;
  return (await snapshot.whyLost()) ?? serverError(error, "no archive was written") ?? error;
}

/** A table was altered, emptied or dropped between the snapshot and our locks, or somebody waits to do so: that passes. */
function isOfChange(error: unknown): error is AppError {
  return error instanceof AppError && ["table-rewritten", "table-dropped", "tables-locked"].includes(error.code);
}

async function planBackup(options: WriteBackupOptions, pinned: PinnedSnapshot): Promise<PlannedSnapshot> {
  const { request, application, reporter, context } = options;
  const { signal } = context;
  const { snapshot } = pinned;
  const encoding = await dumpEncoding(snapshot.client);
  const codec: Codec = request.compression === "deflate" ? "gzip" : request.compression;
  const readLimit = rateLimit(request.readRate, signal);
  let facts: InstanceFacts | undefined;
  const plan = await readDumpPlan({
    settings: request.settings.database,
    application,
    pgDumpPath: options.pgDumpPath,
    snapshot,
    isLockedAhead: pinned.isLockedAhead,
    encoding,
    // One job means one session that works at a time, and pg_dump is one. At a low rate it would have to wait for us.
    earlier: options.base.rows,
    early:
      request.jobs === 1 || readLimit !== undefined ? undefined : { saved: options.saved, codec, level: request.level },
    meanwhile: async () => {
      facts = await readInstanceFacts(application, snapshot.client);
    },
    reporter,
    signal,
  });
  const { serverVersionNum } = facts!.database;
  // Where tables are not locked, the snapshot's catalogs and what COPY finds may differ.
  const canKnowRows = plan.locked && options.base.rule !== undefined;
  const rowFacts = canKnowRows
    ? await readRowFacts(snapshot.client, application, plan.tables, { encoding, serverVersionNum })
    : undefined;
  return { pinned, plan, facts: facts!, rowFacts, encoding, codec, readLimit };
}

async function readInstanceFacts(application: Application, client: Snapshot["client"]): Promise<InstanceFacts> {
  return {
    instanceId: await application.instanceId(client),
    database: await readDatabaseFacts(client),
    migrations: await application.appliedMigrations(client),
  };
}
