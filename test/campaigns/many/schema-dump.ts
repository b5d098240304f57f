import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";

const run = promisify(execFile);

const options = ["--schema-only", "--no-owner", "--no-privileges", "--no-subscriptions"];

/**
 * What `pg_dump --schema-only` says of a database, without owners and grants, which a restore does not set: its statements by
 * themselves and sorted, because those that do not depend on each other come in an order that follows from their numbers.
 * @param binDir folder of pg_dump
 */
export async function schemaDump(settings: ConnectionSettings, binDir: string): Promise<string[]> {
  const { host, port, user, database } = settings;
  const args = [...options, `--host=${host}`, `--port=${port}`, `--username=${user}`, `--dbname=${database}`];
  const { stdout } = await run(join(binDir, "pg_dump"), args, {
    env: { ...settings.env, PGOPTIONS: "-c standard_conforming_strings=on" },
    maxBuffer: 1024 * 1024 * 1024,
  });
  const parts = stdout.split(/\n--\n-- (?=Name: )/);
  // what stands before the first names versions and the moment, after the last a token of the run's own
  return parts
    .slice(1)
    .map((part) => part.replace(/\n--\n-- PostgreSQL database dump complete[\s\S]*$/, "").trim())
    .toSorted();
}
