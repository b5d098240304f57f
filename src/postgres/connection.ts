import pg from "pg";
import { RefusedError } from "../errors.ts";
import { createBulkSocket } from "./bulk-socket.ts";
import { connectionError, serverName, sqlState } from "./connection-errors.ts";
import { type ConnectionParameters, resolveParameters } from "./connection-parameters.ts";
import { type TlsAttempt, tlsAttempts } from "./connection-tls.ts";
import { isRecoveryConflict } from "./server-error.ts";
import type { ConnectionSettings } from "./settings.ts";
import { encodeText } from "./toc-text.ts";

/** A session with the server, used by one task at a time. Whoever connected calls `end()`. */
export type Client = pg.Client;

/** What {@link connect} may be told besides where to go. */
export interface ConnectOptions {
  /** Another database of the same server. */
  database?: string;
  /** Shown in `pg_stat_activity`; `ngwbackup` when left out. */
  applicationName?: string;
  /** `client_encoding` for COPY data; texts of other queries need the default, UTF8. */
  clientEncoding?: string;
  /** How long a statement may wait for a lock; forever when left out. */
  lockTimeoutMs?: number;
  /** The session is for COPY TO: it reads into one large buffer. Without effect where TLS is used. */
  bulkReads?: boolean;
}

const lostConnections = new WeakMap<Client, Error>();

/**
 * Opens a session without any timeout of its own, by settings and libpq's environment.
 * A connection that breaks while idle does not end the process: the next query fails, see {@link lostConnection}.
 * @throws RefusedError (exit 4) with a hint when the server, the database or the role is not there or says no
 * @throws UsageError when the environment makes no sense (`PGSSLMODE`, `PGSERVICE`, ...)
 */
export async function connect(settings: ConnectionSettings, options: ConnectOptions = {}): Promise<Client> {
  const parameters = await resolveParameters(settings, options.database);
  const attempts: TlsAttempt[] = parameters.isSocket ? [false] : await tlsAttempts(parameters.env);
  let failure: unknown;
  for (const [index, tls] of attempts.entries()) {
    const client = makeClient(parameters, options, tls);
    try {
      await client.connect();
      await setUpSession(client, options);
      return client;
    } catch (error) {
      // end() would wait for a server that never answers
      client.connection.stream.destroy();
      // the last way tells most, unless the server does not know it at all
      if (index === 0 || !isWithoutTls(error)) failure = error;
      if (index + 1 < attempts.length && worthAnotherWay(error)) continue;
      break;
    }
  }
  // Not about the way to the server: the session was there, and a standby has taken it back.
  if (isRecoveryConflict(failure)) throw failure;
  throw connectionError(failure, parameters);
}

/** The error that broke the client's connection while no query was running, if it is broken. */
export function lostConnection(client: Client): Error | undefined {
  return lostConnections.get(client);
}

/** Version of the server as `server_version_num` has it: 150020 for 15.20. */
export async function serverVersionNumber(client: Client): Promise<number> {
  const result = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  return Number(result.rows[0]?.server_version_num);
}

function makeClient(parameters: ConnectionParameters, options: ConnectOptions, tls: TlsAttempt): Client {
  const client = new pg.Client({
    host: parameters.host,
    port: parameters.port,
    database: parameters.database,
    user: parameters.user,
    // a function, because pg would fill an absent password from the process' own environment
    password: () => {
      if (parameters.password !== undefined) return parameters.password;
      throw new RefusedError(
        "no-password",
        `the server at ${serverName(parameters)} asks for the password of role ${parameters.user} and none is set`,
        { hints: ["set database.password or database.pwfile in the configuration, or PGPASSWORD or PGPASSFILE"] },
      );
    },
    ssl: tls,
    sslnegotiation: tls !== false && parameters.env.PGSSLNEGOTIATION === "direct" ? "direct" : "postgres",
    enableChannelBinding: parameters.env.PGCHANNELBINDING === "require",
    application_name: options.applicationName ?? "ngwbackup",
    connectionTimeoutMillis: parameters.connectTimeoutMs,
    keepAlive: true,
    // TLS takes the socket's place, with buffers of its own
    ...(options.bulkReads === true && tls === false ? { stream: createBulkSocket } : {}),
    ...(parameters.options === undefined ? {} : { options: parameters.options }),
  });
  client.on("error", (error) => {
    // The first tells why; that the connection has ended comes after it.
    if (lostConnections.has(client)) return;
    lostConnections.set(client, error);
    refuseQueries(client, error);
  });
  sendForeignBytes(client);
  return client;
}

/**
 * Statements of an archive that is not in UTF-8 hold bytes which are no text (see toc-text.ts). They go out as these bytes, under
 * the `client_encoding` that the archive says; pg itself would put a replacement character in their place.
 */
function sendForeignBytes({ connection }: Client): void {
  const send = connection.query.bind(connection);
  connection.query = (text: string): void => {
    if (text.isWellFormed()) {
      send(text);
      return;
    }
    const bytes = encodeText(text);
    const message = Buffer.alloc(bytes.length + 6);
    message.write("Q");
    message.writeUInt32BE(bytes.length + 5, 1);
    bytes.copy(message, 5);
    connection.stream.write(message);
  };
}

/** Whatever is asked of a broken connection fails by what broke it, of which pg itself says no more than that it happened. */
function refuseQueries(client: Client, error: Error): void {
  const refuse = (asked: unknown): unknown => {
    if (typeof asked !== "object" || asked === null || !("handleError" in asked)) return Promise.reject(error);
    const query = asked as { handleError(error: Error, connection: unknown): void };
    setImmediate(() => query.handleError(error, client.connection));
    return asked;
  };
  client.query = refuse as Client["query"];
}

/** libpq falls back from TLS to plain, and back, when the way itself or the server's rules for it are at fault. */
function worthAnotherWay(error: unknown): boolean {
  const code = sqlState(error);
  if (code === "28000") return true;
  return !/^(?:\d\d|[0-9A-Z]{5}$|ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET)/.test(code) && !isTimeout(error);
}

function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && /server does not support SSL/.test(error.message);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "timeout expired";
}

async function setUpSession(client: Client, options: ConnectOptions): Promise<void> {
  // from pg_settings, because each release knows other ones: transaction_timeout came with 17
  // jit: compiling a query on the catalogs of thousands of tables takes longer than running it
  await client.query(
    `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
      WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout', 'jit')`,
  );
  // the other two: a database or role may have set them for its own statements, and ours mean something else then
  await client.query(
    `SELECT pg_catalog.set_config('lock_timeout', $1, false), pg_catalog.set_config('standard_conforming_strings', 'on', false),
            pg_catalog.set_config('default_transaction_isolation', 'read committed', false)`,
    [String(options.lockTimeoutMs ?? 0)],
  );
  // without it a busy server process outlives us until its statement ends; some platforms cannot do it
  await client
    .query(
      `SELECT pg_catalog.set_config(name, '1s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'`,
    )
    .catch((error: unknown) => {
      if (sqlState(error).length !== 5) throw error;
    });
  if (options.clientEncoding !== undefined) {
    await client.query("SELECT pg_catalog.set_config('client_encoding', $1, false)", [options.clientEncoding]);
  }
}
