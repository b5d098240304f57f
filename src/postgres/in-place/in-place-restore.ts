import { randomInt } from "node:crypto";
import { AppError, messageOf, RefusedError } from "../../errors.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { type Client, connect } from "../connection.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { analyzeTables } from "../load/analyze.ts";
import { isTable, planLoad, type PlannedEntry } from "../load/load-order.ts";
import { loadParallel } from "../load/load-parallel.ts";
import { textsOf } from "../load/load-session.ts";
import { inTransaction } from "../load/run-batch.ts";
import { lockFinding, readLockSpace } from "../lock-space.ts";
import { quoteIdentifier } from "../quoting.ts";
import type { ConnectionSettings } from "../settings.ts";
import { beginSwitch } from "../switch-lock.ts";
import { dropMarkedSchemas } from "./drop-schemas.ts";
import { clearLeftovers, hasSwitched, keptStates, withSession } from "./kept-states.ts";
import { asideName, commentOnSchema, encodeMarker, listMarkedSchemas } from "./markers.ts";
import { sortLiveSchemas } from "./move-aside.ts";
import { planStaging, rewriteEntry, type StagingPlan } from "./stageable-schemas.ts";
import { finalLockNeed } from "./final-locks.ts";
import { runFinalTransaction } from "./final-transaction.ts";

/** What a restore in place is told. */
export interface InPlaceOptions {
  /** The application's own role and database. */
  settings: ConnectionSettings;
  source: DumpSource;
  /** Connections that load at once, from 1. */
  jobs: number;
  reporter: Reporter;
  signal: AbortSignal;
  now(): Date;
  /**
   * Until when the previous state is kept for an undo; `undefined`: until somebody drops it; `false`: it is dropped as soon
   * as the switch is committed.
   */
  keepUntil: Date | undefined | false;
  /** Runs GRANT and REVOKE of the archive too; default false. */
  privileges?: boolean;
  /** Application fix-ups, run in the final transaction when everything is loaded. */
  afterLoad?(client: Client): Promise<void>;
  /** Sessions of our own in the database, which do not count as somebody else's: that of the operation lock. */
  ownPids?: readonly number[];
  /** Made up when left out: 4 to 20 of a to z and digits. */
  runId?: string;
}

/**
 * A restore of a database by a single switch. The order is `prepare`, `switchOver`; `discard` ends it at any time and drops
 * what only this run needs. Whoever runs it holds the operation lock all the while.
 */
export interface InPlaceRestore {
  readonly runId: string;
  /** Loads aside what can be loaded aside; the live state is not touched. */
  prepare(): Promise<void>;
  /**
   * Puts the archive's state in the place of the live one, in one transaction; the live one is set aside.
   * @param beforeCommit awaited when all is done and nothing is visible yet; what it throws takes everything back
   * @throws RefusedError when others are connected; AppError `commit-unknown` when the connection broke during COMMIT and
   * cannot be asked, see {@link hasSwitched}; after any other error the live state is as it was
   */
  switchOver(beforeCommit: () => Promise<void>): Promise<void>;
  /** Drops what was loaded aside and not switched. May be called more than once and after a switch. */
  discard(): Promise<void>;
}

/** Makes a restore into the database itself, for a role that can neither create databases nor install extensions. */
export function createInPlaceRestore(options: InPlaceOptions): InPlaceRestore {
  const runId = options.runId ?? newRunId();
  let staging: StagingPlan | undefined;
  return {
    runId,
    async prepare() {
      await clearLeftovers(options);
      staging = await withSession(options.settings, async (client) => {
        const plan = await planFor(client, options);
        await refuseWithoutLockSpace(client, plan);
        return plan;
      });
      if (staging.leftOut.length > 0) {
        options.reporter.report({
          type: "warning",
          code: "kept-state-left-out",
          message: "the archive holds a previous state that its instance kept for an undo; it is not restored",
          details: staging.leftOut,
        });
      }
      await loadAside(options, runId, staging);
    },
    async switchOver(beforeCommit) {
      if (staging === undefined) throw new Error("switchOver before prepare");
      await commitSwitch(options, runId, staging, beforeCommit);
      await analyzeRest(options, staging);
      await dropUnwanted(options, runId);
    },
    async discard() {
      await withSession(options.settings, async (client) => {
        const left = (await listMarkedSchemas(client)).filter(
          (marked) => marked.runId === runId && marked.state === "new",
        );
        // what is put back after an interruption is put back whole
        await dropMarkedSchemas(client, left, { ...options, signal: new AbortController().signal });
      });
    },
  };
}

/** How an archive would be loaded into the database as it is. */
export async function planFor(
  client: Client,
  { source, privileges }: Pick<InPlaceOptions, "source" | "privileges">,
): Promise<StagingPlan> {
  const live = await sortLiveSchemas(client);
  return planStaging(
    planLoad(source.toc, { privileges: privileges ?? false }),
    new Set(live.keepPlace.map(({ name }) => name)),
    textsOf(source.toc).standardStrings ? undefined : "the archive's string literals are of the old kind",
  );
}

/** The preflight says so as well; between it and now the state may have changed. */
async function refuseWithoutLockSpace(client: Client, staging: StagingPlan): Promise<void> {
  const need = await finalLockNeed(client, await sortLiveSchemas(client), staging);
  const { level, message, details = [], hint } = lockFinding(need, await readLockSpace(client));
  if (level !== "fail") return;
  throw new RefusedError("lock-space", message, { details, hints: hint === undefined ? [] : [hint] });
}

function newRunId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
}

async function loadAside(options: InPlaceOptions, runId: string, staging: StagingPlan): Promise<void> {
  const { source, reporter, signal, jobs } = options;
  const entries: PlannedEntry[] = [];
  await withSession(options.settings, (client) =>
    inTransaction(client, async () => {
      for (const [original, planned] of staging.staged) {
        const schema = asideName(original, "new", runId);
        await client.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
        await client.query(
          commentOnSchema(
            schema,
            encodeMarker({
              runId,
              state: "new",
              role: "schema",
              original,
              createdAt: options.now().toISOString(),
              keepUntil: null,
              comment: null,
            }),
          ),
        );
        for (const entry of planned) entries.push(rewriteEntry(entry, original, schema));
      }
    }),
  );
  if (entries.length === 0) return;
  const connectOne = (): Promise<Client> => connect(options.settings);
  await loadParallel({ connect: connectOne, jobs, entries, source, reporter, signal });
  startStage(reporter, "statistics");
  const schemas = [...staging.staged.keys()].map((original) => asideName(original, "new", runId));
  await analyzeTables({ connect: connectOne, jobs, schemas, reporter, signal });
}

async function commitSwitch(
  options: InPlaceOptions,
  runId: string,
  staging: StagingPlan,
  beforeCommit: () => Promise<void>,
): Promise<void> {
  let committing = false;
  try {
    await withSession(options.settings, async (client) => {
      await client.query("BEGIN");
      try {
        await beginSwitch(client);
        await runFinalTransaction(client, { ...options, runId, staging, beforeCommit });
      } catch (error) {
        await client.query("ROLLBACK").catch(() => undefined);
        throw error;
      }
      committing = true;
      await client.query("COMMIT");
    });
  } catch (error) {
    if (!committing) throw error;
    await settleCommit(options.settings, runId, error);
  }
}

/** After an error of COMMIT itself: the database knows whether it took place. */
async function settleCommit(settings: ConnectionSettings, runId: string, cause: unknown): Promise<void> {
  let switched: boolean;
  try {
    switched = await hasSwitched(settings, runId);
  } catch {
    throw new AppError("commit-unknown", `the connection broke while the restore was committed: ${messageOf(cause)}`, {
      cause,
      hints: ["start PostgreSQL again; the next command finds out whether the restore took place, and finishes it"],
    });
  }
  if (!switched) throw cause;
}

/** Statistics of what the final transaction made; without them the service is slow for a minute, no more. */
async function analyzeRest({ settings, jobs, reporter }: InPlaceOptions, { final }: StagingPlan): Promise<void> {
  const schemas = [...new Set(final.flatMap(({ entry }) => (isTable(entry) && entry.namespace) || []))];
  try {
    // The switch is done: an abort that comes now has nothing to take back.
    const { signal } = new AbortController();
    await analyzeTables({ connect: () => connect(settings), jobs, schemas, reporter, signal });
  } catch (error) {
    reporter.report({
      type: "warning",
      code: "not-analysed",
      message: `the restore is complete, but statistics could not be gathered: ${messageOf(error)}`,
    });
  }
}

/** Drops older previous states, and the one just made when it is not to be kept; failing is no failure of the restore. */
async function dropUnwanted(options: InPlaceOptions, runId: string): Promise<void> {
  try {
    await withSession(options.settings, async (client) => {
      for (const state of keptStates(await listMarkedSchemas(client))) {
        if (state.runId !== runId || options.keepUntil === false)
          await dropMarkedSchemas(client, state.schemas, options);
      }
    });
  } catch (error) {
    options.reporter.report({
      type: "warning",
      code: "previous-not-dropped",
      message: `the restore is complete, but a previous state could not be dropped: ${messageOf(error)}`,
      ...(error instanceof AppError ? { details: error.details } : {}),
    });
  }
}
