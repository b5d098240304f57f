import { type AppErrorOptions, AppError, RefusedError, messageOf } from "../errors.ts";
import type { ConnectionParameters } from "./connection-parameters.ts";
import { quoteIdentifier } from "./quoting.ts";

/**
 * Turns what a failed connection attempt threw into an error for the administrator.
 * The password is in neither message nor hints.
 */
export function connectionError(error: unknown, parameters: ConnectionParameters): AppError {
  if (error instanceof AppError) return error;
  const { user, database } = parameters;
  const where = serverName(parameters);
  const refused = (code: string, message: string, ...hints: string[]): RefusedError => {
    const options: AppErrorOptions = { cause: error, hints };
    return new RefusedError(code, message, options);
  };
  const code = sqlState(error);
  const said = messageOf(error);
  switch (code) {
    case "28P01":
      return refused(
        "wrong-password",
        `the server at ${where} does not accept the password of role ${user}`,
        "check database.password or database.pwfile of the configuration, or PGPASSWORD and PGPASSFILE",
      );
    case "28000":
      return /does not exist/.test(said)
        ? refused("no-role", `the server at ${where} has no role ${user}`, "check database.user of the configuration")
        : refused(
            "not-authorized",
            `the server at ${where} does not let role ${user} in: ${said}`,
            "check pg_hba.conf of the server, and PGSSLMODE",
          );
    case "3D000":
      return refused(
        "no-database",
        `the server at ${where} has no database ${database}`,
        "check database.name of the configuration",
      );
    case "42501":
      return refused(
        "no-connect-privilege",
        `role ${user} may not connect to database ${database}: ${said}`,
        `as an administrator: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}`,
      );
    case "53300":
      return refused(
        "too-many-connections",
        `the server at ${where} takes no more connections: ${said}`,
        "end sessions that are not needed, raise max_connections, or use fewer --jobs",
      );
    case "57P03":
      return refused("server-not-ready", `the server at ${where} is not ready: ${said}`, "try again in a moment");
    case "55000":
      return refused(
        "database-closed",
        `database ${database} at ${where} takes no connections: ${said}`,
        `as an administrator: ALTER DATABASE ${quoteIdentifier(database)} WITH ALLOW_CONNECTIONS true`,
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return refused(
        "unknown-host",
        `the name of the database server ${parameters.host} cannot be resolved`,
        "check database.host of the configuration, or PGHOST",
      );
    case "EACCES":
      return refused(
        "socket-forbidden",
        `the socket at ${where} cannot be opened: permission denied`,
        "run as the user that the application runs as, or name a host: database.host of the configuration",
      );
    case "ECONNREFUSED":
    case "ENOENT":
    case "ENOTDIR":
    case "ENOTSOCK":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ECONNRESET":
    case "EPIPE":
      return refused(
        "server-unreachable",
        `no PostgreSQL server answers at ${where} (${code})`,
        "check that it runs: systemctl status postgresql",
        "check database.host and database.port of the configuration",
      );
  }
  if (/timeout expired/.test(said)) {
    return refused(
      "connect-timeout",
      `the server at ${where} did not answer within ${parameters.connectTimeoutMs / 1000} s`,
      "check database.host, database.port and database.connect_timeout of the configuration",
    );
  }
  if (/SSL|TLS|certificate|altname/i.test(`${code} ${said}`)) {
    return refused(
      "tls-failed",
      `no TLS connection to ${where}: ${said}`,
      "check PGSSLMODE, PGSSLROOTCERT, PGSSLCERT and PGSSLKEY",
    );
  }
  return refused(
    "cannot-connect",
    `cannot connect to database ${database} at ${where}: ${said}`,
    "see what the server's log says about it",
  );
}

/** Host and port, or the socket's folder and port, for messages. */
export function serverName(parameters: Pick<ConnectionParameters, "host" | "port">): string {
  return `${parameters.host}:${parameters.port}`;
}

/** The SQLSTATE of a server's error, or the system's error code, "" when there is none. */
export function sqlState(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
