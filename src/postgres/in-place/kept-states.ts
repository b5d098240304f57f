import { AppError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import { type Client, connect } from "../connection.ts";
import { setUpLoadSession } from "../load/load-session.ts";
import type { ConnectionSettings } from "../settings.ts";
import { waitForSwitch } from "../switch-lock.ts";
import { dropMarkedSchemas } from "./drop-schemas.ts";
import { listMarkedSchemas, type MarkedSchema } from "./markers.ts";

/** A previous state of the database that {@link undoInPlace} can bring back. */
export interface KeptState {
  runId: string;
  /** When it was set aside. */
  createdAt: Date;
  /** When it may be dropped; undefined: when somebody says so. */
  keepUntil: Date | undefined;
  /** Schemas that hold it, which a backup leaves out. */
  schemas: MarkedSchema[];
}

/** What the commands on kept states need. */
export interface KeptStateOptions {
  settings: ConnectionSettings;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Previous states that can be brought back, newest first. */
export async function findPrevious(settings: ConnectionSettings): Promise<KeptState[]> {
  return withSession(settings, async (client) => keptStates(await listMarkedSchemas(client)));
}

/** Sorts marked schemas into the states that can be brought back, newest first. */
export function keptStates(marked: readonly MarkedSchema[]): KeptState[] {
  const runs = Map.groupBy(
    marked.filter(({ state }) => state === "previous"),
    ({ runId }) => runId,
  );
  const kept = [...runs].flatMap(([runId, schemas]): KeptState[] => {
    const notes = schemas.find(({ role }) => role === "notes");
    // a state whose dropping has begun is marked so, all of it at once
    if (notes === undefined || marked.some((other) => other.runId === runId && other.state === "dropping")) return [];
    const keepUntil = notes.keepUntil === null ? undefined : new Date(notes.keepUntil);
    return [{ runId, createdAt: new Date(notes.createdAt), keepUntil, schemas }];
  });
  return kept.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}

/**
 * Whether a run's switch was committed, for a caller that lost the connection or died in between: true as long as the
 * previous state stands.
 */
export async function hasSwitched(settings: ConnectionSettings, runId: string): Promise<boolean> {
  await waitForSwitch(settings);
  return (await findPrevious(settings)).some((state) => state.runId === runId);
}

/**
 * Drops a previous state, or all of them, in many small transactions. It cannot be brought back from the first one on.
 * @param runId only that run's; all when left out
 * @throws AppError when something else depends on it
 */
export async function dropPrevious(options: KeptStateOptions, runId?: string): Promise<void> {
  await withSession(options.settings, async (client) => {
    for (const state of keptStates(await listMarkedSchemas(client)))
      if (runId === undefined || state.runId === runId) await dropMarkedSchemas(client, state.schemas, options);
  });
}

/** Drops previous states whose time is over. */
export async function dropExpired(options: KeptStateOptions & { now(): Date }): Promise<void> {
  for (const { runId, keepUntil } of await findPrevious(options.settings))
    if (keepUntil !== undefined && keepUntil <= options.now()) await dropPrevious(options, runId);
}

/**
 * Schemas that runs left behind which died or could not finish: loaded aside and never switched, undone, half dropped.
 * The caller holds the operation lock, so no run is at work.
 */
export async function findLeftovers(settings: ConnectionSettings): Promise<MarkedSchema[]> {
  return withSession(settings, async (client) => leftoversOf(await listMarkedSchemas(client)));
}

/** Marked schemas that are of no use to anyone. */
export function leftoversOf(marked: readonly MarkedSchema[]): MarkedSchema[] {
  const useful = new Set(keptStates(marked).flatMap(({ schemas }) => schemas.map(({ schema }) => schema)));
  return marked.filter(({ schema }) => !useful.has(schema));
}

/**
 * Drops what {@link findLeftovers} finds, and warns of what cannot be dropped because something else depends on it: leftovers
 * have names of their own, so that they are in nobody's way. The caller holds the operation lock.
 */
export async function clearLeftovers(options: KeptStateOptions): Promise<void> {
  await withSession(options.settings, async (client) => {
    const runs = Map.groupBy(leftoversOf(await listMarkedSchemas(client)), ({ runId }) => runId);
    for (const schemas of runs.values()) {
      try {
        await dropMarkedSchemas(client, schemas, options);
        const names = schemas.map(({ schema }) => schema).join(", ");
        options.reporter.report({ type: "message", message: `dropped what an earlier run left behind: ${names}` });
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "kept-state-in-use") throw error;
        options.reporter.report({ type: "warning", code: error.code, message: error.message, details: error.details });
      }
    }
  });
}

/** Opens a session set up for statements with qualified names, and always ends it. */
export async function withSession<T>(settings: ConnectionSettings, action: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(settings);
  try {
    await setUpLoadSession(client);
    return await action(client);
  } finally {
    await client.end();
  }
}
