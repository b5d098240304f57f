import type { Client } from "./connection.ts";
import { type DatabaseLocale, localeColumns, localeOf, type LocaleRow } from "./database-locale.ts";
import { quoteIdentifier, quoteLiteral } from "./quoting.ts";

/** What belongs to a database itself, not to what stands in it: an archive does not carry it and a new database lacks it. */
export interface DatabaseProperties {
  name: string;
  oid: string;
  owner: string;
  locale: DatabaseLocale;
  /** Undefined for the server's default. */
  tablespace: string | undefined;
  comment: string | null;
  /** -1: no limit. */
  connectionLimit: number;
  isTemplate: boolean;
  /** Undefined: the default privileges. */
  grants: { grantee: string; privilege: string; grantable: boolean }[] | undefined;
  /** Of `ALTER DATABASE SET` (role undefined) and `ALTER ROLE ... IN DATABASE SET`. */
  settings: { role: string | undefined; name: string; value: string }[];
}

/** A statement that gives a database a property, with what it stands for in messages. */
export interface PropertyStatement {
  what: string;
  sql: string;
}

/** Settings whose value is a list of names that are quoted one by one (`GUC_LIST_QUOTE`). */
const listSettings = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/**
 * Reads the properties of a database from the server's shared catalogs.
 * @param client connected to any database of the server
 * @returns undefined when there is no such database
 */
export async function readDatabaseProperties(client: Client, name: string): Promise<DatabaseProperties | undefined> {
  const { rows } = await client.query<
    Omit<DatabaseProperties, "grants" | "settings" | "tablespace" | "locale"> & Rest & { locale: LocaleRow }
  >(
    `SELECT d.datname::text AS name, d.oid::text, pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
            (SELECT pg_catalog.to_jsonb(l) FROM (SELECT ${localeColumns}) l) AS locale,
            nullif(t.spcname::text, 'pg_default') AS tablespace, d.datconnlimit AS "connectionLimit", d.datistemplate AS "isTemplate",
            pg_catalog.shobj_description(d.oid, 'pg_database') AS comment, d.datacl IS NOT NULL AS "hasGrants"
       FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = $1`,
    [name],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const { hasGrants, tablespace, locale, ...properties } = found;
  const grants = await client.query<{ grantee: string; privilege: string; grantable: boolean }>(
    `SELECT CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM pg_catalog.pg_database d, LATERAL pg_catalog.aclexplode(d.datacl) a WHERE d.oid = $1`,
    [properties.oid],
  );
  const settings = await client.query<{ role: string | null; setting: string }>(
    `SELECT r.rolname::text AS role, pg_catalog.unnest(s.setconfig) AS setting
       FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = $1`,
    [properties.oid],
  );
  return {
    ...properties,
    locale: localeOf(locale),
    tablespace: tablespace ?? undefined,
    grants: hasGrants ? grants.rows : undefined,
    settings: settings.rows.map(({ role, setting }) => {
      const at = setting.indexOf("=");
      return { role: role ?? undefined, name: setting.slice(0, at), value: setting.slice(at + 1) };
    }),
  };
}

interface Rest {
  tablespace: string | null;
  hasGrants: boolean;
}

/**
 * Statements that give another database the same properties: comment, connection limit, settings, grants. Owner, encoding,
 * collation and tablespace belong to its creation. Each may fail for want of privileges on its own.
 */
export function carryOverStatements(properties: DatabaseProperties, target: string): PropertyStatement[] {
  const database = quoteIdentifier(target);
  const statements: PropertyStatement[] = [];
  if (properties.connectionLimit !== -1) {
    statements.push({
      what: `connection limit ${properties.connectionLimit}`,
      sql: `ALTER DATABASE ${database} CONNECTION LIMIT ${properties.connectionLimit}`,
    });
  }
  for (const { role, name, value } of properties.settings) {
    const subject =
      role === undefined ? `DATABASE ${database}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${database}`;
    const setting = name.split(".").map(quoteIdentifier).join(".");
    statements.push({
      what: `setting ${name}${role === undefined ? "" : ` of role ${role}`}`,
      sql: `ALTER ${subject} SET ${setting} TO ${settingValue(name, value)}`,
    });
  }
  return [...statements, ...grantStatements(properties, database)];
}

function grantStatements({ grants, owner }: DatabaseProperties, database: string): PropertyStatement[] {
  if (grants === undefined) return [];
  const revoke = [
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
    `REVOKE ALL ON DATABASE ${database} FROM ${quoteIdentifier(owner)}`,
  ];
  return [
    { what: "revoked privileges", sql: revoke.join("; ") },
    ...grants.map(({ grantee, privilege, grantable }) => ({
      what: `privilege ${privilege} of ${grantee === "" ? "PUBLIC" : `role ${grantee}`}`,
      sql: `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === "" ? "PUBLIC" : quoteIdentifier(grantee)}${grantable ? " WITH GRANT OPTION" : ""}`,
    })),
  ];
}

function settingValue(name: string, value: string): string {
  if (!listSettings.has(name.toLowerCase())) return quoteLiteral(value);
  const names = value.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? [];
  if (names.length === 0) return "''";
  return names
    .map((one) => quoteLiteral(one.startsWith('"') ? one.slice(1, -1).replaceAll('""', '"') : one))
    .join(", ");
}

/** What stands in a database, belongs to it as a whole, and is not carried over when it is replaced. */
export interface DatabaseBelongings {
  publications: string[];
  subscriptions: string[];
  replicationSlots: string[];
  eventTriggers: string[];
  foreignServers: string[];
  extensions: { name: string; version: string; schema: string }[];
  /** Schemas that belong to no extension. */
  schemas: string[];
}

/**
 * Reads what a database holds besides an instance's tables.
 * @param client connected to that database
 */
export async function readDatabaseBelongings(client: Client): Promise<DatabaseBelongings> {
  const names = async (sql: string): Promise<string[]> =>
    (await client.query<{ name: string }>(`${sql} ORDER BY 1`)).rows.map(({ name }) => name);
  const extensions = await client.query<{ name: string; version: string; schema: string }>(
    `SELECT e.extname::text AS name, e.extversion AS version, n.nspname::text AS schema
       FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`,
  );
  return {
    extensions: extensions.rows,
    publications: await names("SELECT pubname::text AS name FROM pg_catalog.pg_publication"),
    subscriptions: await names(
      `SELECT subname::text AS name FROM pg_catalog.pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
    ),
    replicationSlots: await names(
      "SELECT slot_name::text AS name FROM pg_catalog.pg_replication_slots WHERE database = pg_catalog.current_database()",
    ),
    eventTriggers: await names(
      `SELECT evtname::text AS name FROM pg_catalog.pg_event_trigger t WHERE NOT EXISTS
        (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')`,
    ),
    foreignServers: await names("SELECT srvname::text AS name FROM pg_catalog.pg_foreign_server"),
    schemas: await names(
      `SELECT nspname::text AS name FROM pg_catalog.pg_namespace n
        WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' AND NOT EXISTS
        (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e')`,
    ),
  };
}
