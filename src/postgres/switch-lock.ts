import { type Client, connect } from "./connection.ts";
import { operationLockClass } from "./operation-lock.ts";
import type { ConnectionSettings } from "./settings.ts";

/** Beside the operation lock's own number. */
const switchNumber = 2;
/** How long a COMMIT may take: it may wait for a slow disk, or for a standby. */
const commitWaitMs = 60_000;

/**
 * Prepares an open transaction to be a switch in the instance's database: while it is being committed, {@link waitForSwitch}
 * waits, even when its client has died; and once it is committed it is durable, whatever the server does with others.
 */
export async function beginSwitch(client: Client): Promise<void> {
  await takeSwitchLock(client);
  await makeDurable(client);
}

/** Has an open transaction wait for the disk at its COMMIT where `synchronous_commit` is off: files are removed by its word. */
export async function makeDurable(client: Client): Promise<void> {
  await client.query(
    `SELECT pg_catalog.set_config('synchronous_commit', 'local', true)
      WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`,
  );
}

/**
 * Waits until no switch of a database is being committed: by MVCC one that is would pass for one that did not take place.
 * @throws the server's error (55P03) after a minute
 */
export async function waitForSwitch(settings: ConnectionSettings): Promise<void> {
  const client = await connect(settings, { lockTimeoutMs: commitWaitMs });
  try {
    await takeSwitchLock(client);
  } finally {
    await client.end();
  }
}

/** Until the end of the transaction: of the statement, where none is open. */
async function takeSwitchLock(client: Client): Promise<void> {
  await client.query("SELECT pg_catalog.pg_advisory_xact_lock($1::integer, $2::integer)", [
    operationLockClass,
    switchNumber,
  ]);
}
