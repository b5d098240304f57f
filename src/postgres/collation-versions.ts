import type { Finding } from "../finding.ts";
import type { Client } from "./connection.ts";
import { localeColumns, localeOf, type DatabaseLocale, type LocaleRow } from "./database-locale.ts";
import { qualifiedName, quoteIdentifier } from "./quoting.ts";
import { currentDatabase } from "./current-database.ts";

/**
 * The locale of the connected database, with the version that the server has now.
 * @param client connected to that database
 */
export async function readOwnLocale(client: Client): Promise<DatabaseLocale> {
  const { rows } = await client.query<LocaleRow>(
    `SELECT ${localeColumns} FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
  );
  return localeOf(rows[0]!, await actualVersion(client, "pg_catalog.current_database()::text"));
}

/**
 * Version of the collation that the server would use for a database; null where it has none, or before PostgreSQL 15.
 * @param name SQL of the database's name
 */
export async function actualVersion(
  client: Client,
  name: string,
  values: readonly unknown[] = [],
): Promise<string | null> {
  const { rowCount } = await client.query(
    "SELECT FROM pg_catalog.pg_proc WHERE proname = 'pg_database_collation_actual_version'",
  );
  if (rowCount === 0) return null;
  const { rows } = await client.query<{ version: string | null }>(
    `SELECT pg_catalog.pg_database_collation_actual_version(oid) AS version FROM pg_catalog.pg_database WHERE datname = ${name}`,
    [...values],
  );
  return rows[0]?.version ?? null;
}

/** A collation that something in the database uses, whose version the server no longer has. */
interface OldCollation {
  schema: string;
  name: string;
  version: string;
  actual: string;
}

async function oldCollations(client: Client): Promise<OldCollation[]> {
  const { rows } = await client.query<OldCollation>(
    `SELECT n.nspname AS schema, c.collname AS name, c.collversion AS version,
            pg_catalog.pg_collation_actual_version(c.oid) AS actual
       FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
      WHERE c.collversion IS NOT NULL AND c.collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(c.oid)
        AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refobjid = c.oid AND d.deptype = 'n'
                       AND d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass)
      ORDER BY 1, 2`,
  );
  return rows;
}

/**
 * Whether text sorts as it did when the indexes of the connected database were built, and as in the database that an archive is of.
 * What a restore makes is built anew, by the server's present version; what it leaves as it is, is not.
 * @param archive version that the archive names
 */
export async function checkCollation(client: Client, archive?: string): Promise<Finding> {
  const check = "collation";
  const database = quoteIdentifier(await currentDatabase(client));
  const { version, actualVersion: actual, provider } = await readOwnLocale(client);
  const details: string[] = [];
  const hints: string[] = [];
  if (version !== undefined && version !== actual) {
    details.push(`of the database: version ${version} when its indexes were built, ${actual ?? "none"} now`);
    hints.push(`REINDEX DATABASE ${database}; ALTER DATABASE ${database} REFRESH COLLATION VERSION;  -- as owner`);
  }
  const old = await oldCollations(client);
  for (const { schema, name, version: was, actual: is } of old)
    details.push(`collation ${qualifiedName(schema, name)}: version ${was} when it was made, ${is ?? "none"} now`);
  if (old.length > 0 && hints.length === 0) hints.push(`REINDEX DATABASE ${database};  -- as owner`);
  for (const { schema, name } of old)
    hints.push(`ALTER COLLATION ${qualifiedName(schema, name)} REFRESH VERSION;  -- as owner`);
  if (details.length > 0)
    return {
      level: "warn",
      check,
      message: "the server sorts text by other versions of collations than the database's indexes: they may miss rows",
      details,
      hint: hints.join("\n"),
    };
  const own =
    actual === undefined ? "a collation without versions" : `version ${actual} of ${provider ?? "its"} collations`;
  if (archive !== undefined && archive !== actual)
    return {
      level: "warn",
      check,
      message: `the archive is of a database with version ${archive} of its collation, and this one has ${own}: indexes are built anew, but a unique index, or a partition by ranges of text, can refuse rows, and then nothing is changed`,
    };
  return { level: "ok", check, message: `the database uses ${own}, as its indexes do` };
}
