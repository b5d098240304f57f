import { RefusedError } from "../../errors.ts";
import { type Client, connect } from "../connection.ts";
import type { ConnectionSettings } from "../settings.ts";

/** Who acts on databases, and on which. */
export interface BesideSettings {
  /** The application's role and its database. */
  settings: ConnectionSettings;
  /** An administrator's connection to the same server, where the application's role may not create databases. */
  admin?: ConnectionSettings | undefined;
}

/** Name of the instance's database; a restore needs it to be said. */
export function instanceDatabase({ settings }: BesideSettings): string {
  const name = settings.database ?? settings.env["PGDATABASE"];
  if (name === undefined || name === "")
    throw new RefusedError("no-database-name", "no name of a database is configured");
  return name;
}

/**
 * Connects, as the administrator if there is one, to a database other than the instance's: a database can be neither renamed
 * nor dropped from within. `postgres` comes first, because a session in `template1` stops others from creating databases.
 * @throws RefusedError of the last attempt when none lets us in
 */
export async function connectElsewhere(options: BesideSettings, applicationName = "ngwbackup"): Promise<Client> {
  const operator = options.admin ?? options.settings;
  const own = instanceDatabase(options);
  const names = new Set([
    ...(options.admin?.database === undefined ? [] : [options.admin.database]),
    "postgres",
    "template1",
  ]);
  names.delete(own);
  let lastError: unknown;
  for (const database of names) {
    try {
      return await connect(operator, { database, applicationName });
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

/** Runs something on a connection of {@link connectElsewhere}, and always closes it. */
export async function withElsewhere<T>(options: BesideSettings, action: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectElsewhere(options);
  try {
    return await action(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** As {@link withElsewhere}, for looking only: where no other database lets us in, the instance's own will do. */
export async function withAnyDatabase<T>(options: BesideSettings, action: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectElsewhere(options).catch(() => connect(options.settings));
  try {
    return await action(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
