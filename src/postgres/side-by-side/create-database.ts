import { AppError, messageOf } from "../../errors.ts";
import { type Client, connect } from "../connection.ts";
import { qualifiedName, quoteIdentifier } from "../quoting.ts";
import { localeClause } from "../database-locale.ts";
import type { CreationPlan, NeededExtension } from "./creation-plan.ts";
import { commentOnDatabase, encodeDatabaseMarker, type DatabaseMarker } from "./database-marker.ts";
import type { BesideSettings } from "./elsewhere.ts";

/**
 * Makes the new database, empty but for extensions, and marks it. One that was made stays when its extensions fail: the caller
 * drops it.
 * @param control the operator's session in another database
 * @throws AppError with the server's message
 */
export async function createDatabase(
  control: Client,
  options: BesideSettings,
  plan: CreationPlan,
  name: string,
  marker: DatabaseMarker,
): Promise<void> {
  const { live, template = "template0" } = plan;
  const parts = [
    `CREATE DATABASE ${quoteIdentifier(name)} OWNER ${quoteIdentifier(live.owner)} TEMPLATE ${quoteIdentifier(template)}`,
  ];
  if (template === "template0") {
    parts.push(localeClause(live.locale));
  }
  if (live.tablespace !== undefined) parts.push(`TABLESPACE ${quoteIdentifier(live.tablespace)}`);
  try {
    await control.query(parts.join(" "));
  } catch (error) {
    throw new AppError("create-database", `cannot create database ${name} from ${template}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  await control.query(commentOnDatabase(name, encodeDatabaseMarker(marker)));
  if (plan.install.length === 0 && !plan.operator.isSuperuser) return;
  const client = await connect(options.admin ?? options.settings, { database: name });
  try {
    await installExtensions(client, plan, plan.install);
  } finally {
    await client.end();
  }
}

/**
 * Installs the extensions that are still missing. A superuser then gives PostGIS's tables to the instance's role, as
 * NextGIS Web needs it.
 * @param client the operator's session in the new database
 */
async function installExtensions(
  client: Client,
  plan: CreationPlan,
  extensions: readonly NeededExtension[],
): Promise<void> {
  for (const { name, schema } of extensions) {
    try {
      if (schema !== "public")
        await client.query(
          `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)} AUTHORIZATION ${quoteIdentifier(plan.live.owner)}`,
        );
      await client.query(
        `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)} CASCADE`,
      );
    } catch (error) {
      throw new AppError("create-extension", `cannot create extension ${name}: ${messageOf(error)}`, { cause: error });
    }
  }
  if (!plan.operator.isSuperuser) return;
  const { rows } = await client.query<{ schema: string; name: string; kind: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
       JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'postgis'
      WHERE c.relname IN ('spatial_ref_sys', 'geometry_columns', 'geography_columns')`,
  );
  for (const { schema, name, kind } of rows) {
    await client.query(`ALTER ${kind} ${qualifiedName(schema, name)} OWNER TO ${quoteIdentifier(plan.live.owner)}`);
  }
}

/** Drops a database of ours. Sessions in it that are just ending are waited for, others are ended, as far as the role may. */
export async function dropDatabase(control: Client, name: string): Promise<void> {
  const drop = `DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`;
  try {
    await control.query(drop);
  } catch (error) {
    if (!isInUse(error))
      throw new AppError("drop-database", `cannot drop database ${name}: ${messageOf(error)}`, { cause: error });
    await control.query(
      "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1 AND usename = current_user",
      [name],
    );
    try {
      await control.query(drop);
    } catch (again) {
      throw new AppError("drop-database", `cannot drop database ${name}: ${messageOf(again)}`, { cause: again });
    }
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, "code") === "55006";
}
