import type { Client } from "../connection.ts";

/** Number of the server process that serves a client. */
export async function backendPid(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
  return rows[0]?.pid ?? 0;
}

/** Ends the statements that server processes work on, over one more connection. Best effort: without it, the statements end by themselves later. */
export async function cancelBackends(connect: () => Promise<Client>, pids: readonly number[]): Promise<void> {
  try {
    const client = await connect();
    await client.query("SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.unnest($1::int[]) AS pid", [pids]);
    await client.end();
  } catch {
    // the server is gone, or takes no more connections
  }
}

/**
 * Runs statements so that an abort ends the one under way.
 * @throws the signal's reason once it is aborted
 */
export async function cancellable<T>(
  client: Client,
  connect: () => Promise<Client>,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const pid = await backendPid(client);
  let cancelling: Promise<void> | undefined;
  const cancel = (): void => {
    cancelling = cancelBackends(connect, [pid]);
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const result = await run();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancelling;
  }
}
