import { randomInt } from "node:crypto";
import { RefusedError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import { startStage } from "../../progress.ts";
import { type Client, connect } from "../connection.ts";
import { readDatabaseProperties } from "../database-properties.ts";
import { analyzeTables } from "../load/analyze.ts";
import { cancellable } from "../load/cancel-backends.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { type PlannedEntry, planLoad } from "../load/load-order.ts";
import { loadParallel } from "../load/load-parallel.ts";
import { listSessions, sessionsError } from "../sessions.ts";
import { createDatabase, dropDatabase } from "./create-database.ts";
import { planCreation } from "./creation-plan.ts";
import { commentOnDatabase, type DatabaseMarker, encodeDatabaseMarker, sessionOf } from "./database-marker.ts";
import { besideName } from "./database-names.ts";
import { type BesideSettings, connectElsewhere, instanceDatabase, withElsewhere } from "./elsewhere.ts";
import { endRunSessions, runSessionName } from "./end-run-sessions.ts";
import { clearLeftovers, dropReplaced } from "./kept-databases.ts";
import { carryOver, switchDatabases } from "./switch-transaction.ts";

/** What a restore side by side is told. */
export interface SideBySideOptions extends BesideSettings {
  source: DumpSource;
  /** Connections that load at once, from 1. */
  jobs: number;
  reporter: Reporter;
  signal: AbortSignal;
  now(): Date;
  /** Database to copy, which holds the extensions; the newest that fits when left out. */
  template?: string | undefined;
  /**
   * Until when the previous database is kept for an undo; `undefined`: until somebody drops it; `false`: it is dropped as
   * soon as the switch is committed.
   */
  keepUntil: Date | undefined | false;
  /** Runs GRANT and REVOKE of the archive too; default false. */
  privileges?: boolean;
  /** Application fix-ups, run in the new database when everything is loaded, before the switch. */
  afterLoad?(client: Client): Promise<void>;
  /**
   * Ends all sessions of ours in the instance's database, that of the operation lock too: a database cannot be renamed while
   * anybody is connected. Awaited right before the switch.
   */
  releaseLock?(): Promise<void>;
  /** Sessions of ours in the instance's database until then. */
  ownPids?: readonly number[];
  /** Ends sessions in the way of the switch, as far as the role may; default false: they stop the restore. */
  terminateSessions?: boolean;
  /** Made up when left out: 4 to 20 of a to z and digits. */
  runId?: string;
}

/**
 * A restore of a database by a single switch. The order is `prepare`, `switchOver`; `discard` ends it at any time and drops
 * what only this run needs. Whoever runs it holds the operation lock until `releaseLock`.
 */
export interface SideBySideRestore {
  readonly runId: string;
  /** Loads a new database beside the live one, which is not touched. */
  prepare(): Promise<void>;
  /**
   * Gives the new database the live one's name and properties, in one transaction; the live one is set aside.
   * @param beforeCommit awaited when all is done and nothing is visible yet; what it throws takes everything back
   * @throws RefusedError when others are connected; AppError `commit-unknown` when the connection broke during COMMIT and
   * the server cannot be asked, see `hasSwitched`; after any other error the live database is as it was
   */
  switchOver(beforeCommit: () => Promise<void>): Promise<void>;
  /** Drops the new database unless it was switched; what fails may be called again. May be called after a switch. */
  discard(): Promise<void>;
}

/** Makes a restore into a new database beside the live one, for a role that can create databases, or an administrator. */
export function createSideBySideRestore(options: SideBySideOptions): SideBySideRestore {
  const runId = options.runId ?? Array.from({ length: 10 }, () => randomInt(36).toString(36)).join("");
  const live = instanceDatabase(options);
  let control: Client | undefined;
  let name: string | undefined;
  const endControl = async (): Promise<void> => {
    await control?.end().catch(() => undefined);
    control = undefined;
  };
  return {
    runId,
    async prepare() {
      await clearLeftovers(options);
      control = await connectElsewhere(options, runSessionName(runId));
      name = await makeDatabase(control, options, runId, live, (made) => (name = made));
      await loadDatabase(options, name);
    },
    async switchOver(beforeCommit) {
      if (name === undefined) throw new Error("switchOver before prepare");
      await switchTo(options, { runId, live, name }, beforeCommit);
      name = undefined;
      await endControl();
      await dropReplaced(options, runId, options.keepUntil === false);
    },
    async discard() {
      // it may have broken while the server still makes the database
      await endControl();
      const left = name;
      if (left === undefined) return;
      await withElsewhere(options, async (client) => {
        await endRunSessions(client, runId);
        await dropDatabase(client, left);
      });
      name = undefined;
    },
  };
}

async function makeDatabase(
  control: Client,
  options: SideBySideOptions,
  runId: string,
  live: string,
  onName: (name: string) => void,
): Promise<string> {
  const plan = await planCreation(control, options, options.source.toc);
  if (plan.template === undefined || plan.unasked.length > 0) {
    throw new RefusedError("no-template", "there is no template database that holds what the archive needs", {
      details: [
        ...plan.reports.flatMap((report) => report.problems.map((problem) => `${report.name}: ${problem}`)),
        ...plan.unasked.map((extension) => `extension ${extension} is not in database ${live}`),
      ],
      hints: ["ngwbackup check says what an administrator has to make once; or restore with --in-place"],
    });
  }
  const now = options.now();
  const name = besideName(live, "restore", now, runId);
  const marker: DatabaseMarker = {
    kind: "restore",
    runId,
    of: live,
    createdAt: now.toISOString(),
    keepUntil: null,
    ...(await sessionOf(control)),
    comment: null,
  };
  startStage(options.reporter, "new database");
  onName(name);
  await createDatabase(control, options, plan, name, marker);
  return name;
}

async function loadDatabase(options: SideBySideOptions, name: string): Promise<void> {
  const { source, jobs, reporter, signal, settings } = options;
  const plan = planLoad(source.toc, { privileges: options.privileges ?? false });
  const connectNew = (): Promise<Client> => connect(settings, { database: name });
  const entries = await withoutExisting(plan.entries, connectNew);
  await loadParallel({ connect: connectNew, jobs, entries, source, reporter, signal });
  const client = await connectNew();
  try {
    await cancellable(client, connectNew, signal, async () => {
      await options.afterLoad?.(client);
    });
  } finally {
    await client.end();
  }
  startStage(reporter, "statistics");
  await analyzeTables({ connect: connectNew, jobs, reporter, signal });
}

/** Leaves out the schemas that the new database has already, because extensions stand in them. */
async function withoutExisting(
  entries: readonly PlannedEntry[],
  connectNew: () => Promise<Client>,
): Promise<PlannedEntry[]> {
  const client = await connectNew();
  try {
    const { rows } = await client.query<{ name: string }>("SELECT nspname::text AS name FROM pg_catalog.pg_namespace");
    const existing = new Set(rows.map((row) => row.name));
    return entries.filter(({ entry }) => entry.description !== "SCHEMA" || !existing.has(entry.tag));
  } finally {
    await client.end();
  }
}

async function switchTo(
  options: SideBySideOptions,
  names: { runId: string; live: string; name: string },
  beforeCommit: () => Promise<void>,
): Promise<void> {
  const { live, name, runId } = names;
  const now = options.now();
  const aside = besideName(live, "previous", now, runId);
  const { keepUntil } = options;
  let lost: string[] = [];
  const properties = await withElsewhere(options, async (client) => {
    const sessions = await listSessions(client, live, options.ownPids);
    const kept = options.terminateSessions === true ? [] : sessions;
    if (kept.length > 0) throw sessionsError(live, kept);
    return await readDatabaseProperties(client, live);
  });
  if (properties === undefined) throw new RefusedError("no-database", `the server has no database ${live}`);
  const marker: DatabaseMarker = {
    kind: "previous",
    runId,
    of: live,
    createdAt: now.toISOString(),
    keepUntil: keepUntil === undefined ? null : keepUntil === false ? now.toISOString() : keepUntil.toISOString(),
    pid: null,
    startedAt: null,
    comment: properties.comment,
  };
  await options.releaseLock?.();
  await switchDatabases(options, {
    live,
    aside,
    successor: name,
    terminate: options.terminateSessions ?? false,
    signal: options.signal,
    async afterRename(control) {
      await control.query(commentOnDatabase(aside, encodeDatabaseMarker(marker)));
      await control.query(commentOnDatabase(live, properties.comment));
      lost = await carryOver(control, properties, live);
    },
    beforeCommit,
  });
  if (lost.length > 0) {
    options.reporter.report({
      type: "warning",
      code: "properties-lost",
      message: `${lost.length} properties of database ${live} could not be carried over to its successor`,
      details: lost,
    });
  }
}
