import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { UsageError } from "../errors.ts";
import { passwordFromFile } from "./connection-password.ts";
import { applyService } from "./connection-service.ts";
import type { ConnectionSettings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is needed to connect, with libpq's defaults filled in. */
export interface ConnectionParameters {
  /** Host name, address, or folder of Unix sockets. */
  host: string;
  /** Whether `host` is a folder of Unix sockets. */
  isSocket: boolean;
  port: number;
  database: string;
  user: string;
  /** Never shown. */
  password: string | undefined;
  connectTimeoutMs: number;
  /** `PGOPTIONS`. */
  options: string | undefined;
  /** The environment, a service's options merged into it. */
  env: Environment;
}

/** Tried in this order when neither the settings nor the environment name a host. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"];

/**
 * Settings first, then libpq's environment (service, variables, password file), then libpq's defaults.
 * @param database takes the place of the settings' database
 * @throws UsageError for an unknown service or a port that is none
 */
export async function resolveParameters(
  settings: ConnectionSettings,
  database?: string,
): Promise<ConnectionParameters> {
  const env = await applyService(settings.env);
  const port = settings.port ?? portNumber(env.PGPORT);
  const host = settings.host || env.PGHOSTADDR || env.PGHOST || defaultHost(port);
  const user = settings.user || env.PGUSER || userInfo().username;
  const parameters = {
    host,
    isSocket: host.startsWith("/"),
    port,
    database: database || settings.database || env.PGDATABASE || user,
    user,
    connectTimeoutMs: settings.connectTimeoutMs ?? Math.max(0, Number(env.PGCONNECT_TIMEOUT || "0") || 0) * 1000,
    options: env.PGOPTIONS || undefined,
    env,
  };
  const password = settings.password || env.PGPASSWORD || (await passwordFromFile(env, parameters));
  return { ...parameters, password };
}

/**
 * The environment for a client tool of PostgreSQL (pg_dump, psql) that is to reach the same database: secrets go this
 * way and never as arguments.
 */
export async function libpqEnvironment(
  settings: ConnectionSettings,
  database?: string,
): Promise<Record<string, string | undefined>> {
  const resolved = await resolveParameters(settings, database);
  const env: Record<string, string | undefined> = {
    ...resolved.env,
    PGHOST: resolved.host,
    PGPORT: String(resolved.port),
    PGUSER: resolved.user,
    PGDATABASE: resolved.database,
    PGAPPNAME: "ngwbackup",
  };
  // PGHOSTADDR would outweigh PGHOST
  if (settings.host) delete env.PGHOSTADDR;
  if (resolved.password !== undefined) env.PGPASSWORD = resolved.password;
  if (resolved.connectTimeoutMs > 0) env.PGCONNECT_TIMEOUT = String(Math.ceil(resolved.connectTimeoutMs / 1000));
  return env;
}

function portNumber(text: string | undefined): number {
  if (text === undefined || text === "") return 5432;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError("bad-port", `PGPORT is ${JSON.stringify(text)}, expected a number from 1 to 65535`);
  }
  return port;
}

function defaultHost(port: number): string {
  return SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? "localhost";
}
