import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RefusedError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { quoteIdentifier } from "../quoting.ts";
import { type DatabaseSession, listSessions, sessionsError } from "../sessions.ts";

/** What {@link renameDatabase} is told. */
export interface RenameOptions {
  /** Ends sessions of the database while the rename waits, as far as the role may; never a superuser's. */
  terminate: boolean;
  signal: AbortSignal;
}

const pollMs = 50;
/** How long a session may take to end by itself (ours just have), before it counts as one in the way. */
const patienceMs = 1500;

/**
 * Renames a database within the control session's open transaction. The rename takes the database's lock first and then
 * waits for sessions to end: nobody can connect from then on until the transaction ends, so no session slips in.
 * @param watcher a second session, which sees who is in the way
 * @throws RefusedError naming the sessions in the way; the transaction is aborted then
 */
export async function renameDatabase(
  control: Client,
  watcher: Client,
  names: { from: string; to: string },
  options: RenameOptions,
): Promise<void> {
  const pid = await control.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
  const attempt = { settled: false };
  let inTheWay: DatabaseSession[] = [];
  const renaming = control
    .query(`ALTER DATABASE ${quoteIdentifier(names.from)} RENAME TO ${quoteIdentifier(names.to)}`)
    .then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    .finally(() => (attempt.settled = true));
  const started = Date.now();
  const seen = new Map<number | undefined, number>();
  for (;;) {
    await Promise.race([renaming, sleep(pollMs)]);
    if (attempt.settled) break;
    const found = await listSessions(watcher, names.from);
    if (found.length > 0) inTheWay = found;
    const now = Date.now();
    for (const session of found) if (!seen.has(session.pid)) seen.set(session.pid, now);
    const [endable, stuck] = [found.filter(mayEnd), found.filter((session) => !mayEnd(session))];
    if (options.terminate && endable.length > 0) {
      await watcher.query("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.unnest($1::integer[]) AS pid", [
        endable.map((session) => session.pid),
      ]);
    }
    const hopeless = options.terminate ? stuck : found;
    const waited = hopeless.some((session) => now - (seen.get(session.pid) ?? now) >= patienceMs);
    if (options.signal.aborted || (waited && now - started >= patienceMs)) {
      await watcher.query("SELECT pg_catalog.pg_cancel_backend($1)", [pid.rows[0]?.pid]);
    }
  }
  const failed = await renaming;
  if (failed === undefined) return;
  options.signal.throwIfAborted();
  if (inTheWay.length > 0) throw sessionsError(names.from, inTheWay);
  throw new RefusedError(
    "cannot-rename",
    `cannot rename database ${names.from} to ${names.to}: ${messageOf(failed.error)}`,
    { cause: failed.error },
  );
}

function mayEnd(session: DatabaseSession): boolean {
  return session.mayTerminate && !session.isSuperuser && session.pid !== undefined;
}
