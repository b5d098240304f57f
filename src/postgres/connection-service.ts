import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { UsageError } from "../errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Options of a service file that have an environment variable of the same meaning. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslcrl: "PGSSLCRL",
  sslnegotiation: "PGSSLNEGOTIATION",
};

/**
 * Resolves `PGSERVICE`: the service's options take the place of the environment's, as in libpq.
 * @returns the environment without `PGSERVICE`, unchanged when none is named
 * @throws UsageError when the service is in none of libpq's service files
 */
export async function applyService(env: Environment): Promise<Environment> {
  const service = env.PGSERVICE;
  if (service === undefined || service === "") return env;
  const files = [env.PGSERVICEFILE ?? path.join(env.HOME ?? homedir(), ".pg_service.conf")];
  if (env.PGSYSCONFDIR !== undefined) files.push(path.join(env.PGSYSCONFDIR, "pg_service.conf"));
  else files.push("/etc/postgresql-common/pg_service.conf", "/etc/pg_service.conf");
  for (const file of files) {
    const options = serviceOptions(await readFile(file, "utf8").catch(() => ""), service);
    if (options === undefined) continue;
    const merged: Record<string, string | undefined> = { ...env };
    delete merged.PGSERVICE;
    for (const [option, value] of options) {
      const variable = VARIABLES[option];
      if (variable !== undefined) merged[variable] = value;
    }
    return merged;
  }
  throw new UsageError("no-service", `service ${JSON.stringify(service)} named by PGSERVICE is in no service file`, {
    details: files,
    hints: ["define it there, or unset PGSERVICE"],
  });
}

function serviceOptions(text: string, service: string): Map<string, string> | undefined {
  let options: Map<string, string> | undefined;
  for (const rawLine of text.split("\n")) {
    const line = rawLine.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (options !== undefined) break;
      if (line === `[${service}]`) options = new Map();
      continue;
    }
    const equals = line.indexOf("=");
    if (options !== undefined && equals > 0) options.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return options;
}
