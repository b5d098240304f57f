/**
 * How to reach a database. What is undefined is left to libpq's environment (`PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
 * `PGPASSFILE`, `PGSSLMODE`, ...), which is handed in as `env` and passed on to client tools as it is.
 */
export interface ConnectionSettings {
  /** Host name, address, or folder of Unix sockets. */
  host?: string;
  port?: number;
  database?: string;
  user?: string;
  /** Never shown, never an argument of a program. */
  password?: string;
  connectTimeoutMs?: number;
  /** Environment that libpq's variables are taken from. */
  env: Readonly<Record<string, string | undefined>>;
}
