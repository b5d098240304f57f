import type { Finding } from "../../finding.ts";
import { serverVersionNumber, type Client } from "../connection.ts";
import { checkEncoding } from "../load/archive-encoding.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { entryLabel, planLoad } from "../load/load-order.ts";
import { lockFinding, readLockSpace } from "../lock-space.ts";
import { qualifiedName, quoteIdentifier } from "../quoting.ts";
import type { ConnectionSettings } from "../settings.ts";
import { refuseOthers } from "./alone.ts";
import { listDatabaseWide, listTied, splitExisting } from "./database-wide.ts";
import { finalLockNeed } from "./final-locks.ts";
import { planFor } from "./in-place-restore.ts";
import { listExtensionTables } from "./kept-notes.ts";
import { leftoversOf, withSession } from "./kept-states.ts";
import { listMarkedSchemas } from "./markers.ts";
import { sortLiveSchemas } from "./move-aside.ts";
import { checkGrants, checkOthersObjects, checkOwners } from "./preflight-objects.ts";
import { RefusedError } from "../../errors.ts";

/** What {@link preflightInPlace} looks at. */
export interface PreflightOptions {
  settings: ConnectionSettings;
  source: DumpSource;
  privileges?: boolean;
  /** Sessions of our own in the database. */
  ownPids?: readonly number[];
}

/** Names listed under a finding. */
const shown = 20;

/**
 * Whether an archive can be restored in place: every check, whether it fails or not. Nothing is changed.
 * @throws RefusedError when the database cannot be reached
 */
export async function preflightInPlace(options: PreflightOptions): Promise<Finding[]> {
  return withSession(options.settings, async (client) => [
    await checkVersion(client, options.source),
    await checkEncoding(client, options.source.toc),
    await checkExtensions(client, options.source),
    await checkExtensionTables(client),
    await checkPrivileges(client),
    ...(await checkOthersObjects(client, options.source)),
    await checkOwners(client),
    await checkGrants(client, options.privileges ?? false),
    await checkDatabaseWide(client, options),
    await checkLockSpace(client, options),
    await checkSessions(client, options.ownPids ?? []),
    await checkLeftovers(client),
  ]);
}

async function checkVersion(client: Client, { toc }: DumpSource): Promise<Finding> {
  const check = "server-version";
  const server = Math.floor((await serverVersionNumber(client)) / 10000);
  const archive = Number.parseInt(toc.serverVersion ?? "", 10);
  if (server < 12)
    return {
      level: "fail",
      check,
      message: `PostgreSQL ${server} is older than 12`,
      hint: "use PostgreSQL 12 or newer",
    };
  if (Number.isNaN(archive) || archive <= server)
    return {
      level: "ok",
      check,
      message: `PostgreSQL ${server}, and the archive comes from ${toc.serverVersion ?? "an unknown one"}`,
    };
  return {
    level: "warn",
    check,
    message: `the archive comes from PostgreSQL ${archive}, and this server is PostgreSQL ${server}: statements may be unknown to it, and then nothing is changed`,
  };
}

async function checkExtensions(client: Client, source: DumpSource): Promise<Finding> {
  const { rows } = await client.query<{ name: string }>("SELECT extname::text AS name FROM pg_catalog.pg_extension");
  const present = new Set(rows.map(({ name }) => name));
  const missing = planLoad(source.toc).extensions.filter((name) => !present.has(name));
  if (missing.length === 0)
    return { level: "ok", check: "extensions", message: "every extension of the archive is there" };
  return {
    level: "fail",
    check: "extensions",
    message: `the database lacks extensions of the archive: ${missing.join(", ")}`,
    hint:
      missing.map((name) => `CREATE EXTENSION ${quoteIdentifier(name)};`).join("\n") +
      "  -- as superuser, in this database",
  };
}

async function checkExtensionTables(client: Client): Promise<Finding> {
  const check = "extension-tables";
  const tables = (await listExtensionTables(client)).filter(({ table }) => table === "spatial_ref_sys");
  const closed = tables.filter(({ writable }) => !writable);
  if (closed.length === 0) return { level: "ok", check, message: "the role may change the rows of spatial_ref_sys" };
  const { rows } = await client.query<{ role: string }>("SELECT current_user::text AS role");
  return {
    level: "fail",
    check,
    message: "the role may not change the rows of spatial_ref_sys",
    hint: `${closed
      .map(
        ({ schema, table }) =>
          `ALTER TABLE ${qualifiedName(schema, table)} OWNER TO ${quoteIdentifier(rows[0]?.role ?? "")};`,
      )
      .join("\n")}  -- as superuser, in this database`,
  };
}

async function checkPrivileges(client: Client): Promise<Finding> {
  const check = "privileges";
  const { rows } = await client.query<{ role: string; database: string; create: boolean; public: boolean | null }>(
    `SELECT current_user::text AS role, pg_catalog.current_database()::text AS database,
            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS create,
            (SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = 'public') AS public`,
  );
  const found = rows[0] ?? { role: "", database: "", create: false, public: null };
  const missing: string[] = [];
  if (!found.create)
    missing.push(`GRANT CREATE ON DATABASE ${quoteIdentifier(found.database)} TO ${quoteIdentifier(found.role)};`);
  if (found.public === null) missing.push("CREATE SCHEMA public;");
  else if (!found.public) missing.push(`GRANT CREATE ON SCHEMA public TO ${quoteIdentifier(found.role)};`);
  if (missing.length === 0) return { level: "ok", check, message: `role ${found.role} may create schemas and tables` };
  return {
    level: "fail",
    check,
    message: `role ${found.role} may not create what a restore has to`,
    hint: missing.join("\n"),
  };
}

async function checkDatabaseWide(client: Client, options: PreflightOptions): Promise<Finding> {
  const check = "database-wide";
  const existing = await listDatabaseWide(client);
  const tied = await listTied(client);
  if (tied.length > 0)
    return {
      level: "fail",
      check,
      message: `${tied.length} things that belong to the whole database, and stay in it, work by functions that the restore replaces`,
      details: tied.slice(0, shown).map(({ object, needs }) => `${object} needs ${needs}`),
      hint: "drop them, and make them again afterwards, or restore with --side-by-side",
    };
  if (existing.length === 0)
    return { level: "ok", check, message: "nothing outside of schemas that a restore in place keeps" };
  const clashing = splitExisting(planLoad(options.source.toc).entries, existing).existing;
  return {
    level: "warn",
    check,
    message: `${existing.length} things belong to the whole database and stay as they are, ${clashing.length} of them in place of the archive's`,
    details: [
      ...existing.slice(0, shown).map(({ kind, name, owner }) => `${kind} ${name} of role ${owner}`),
      ...clashing.slice(0, shown).map(({ entry }) => `not from the archive: ${entryLabel(entry)}`),
    ],
  };
}

async function checkLockSpace(client: Client, options: PreflightOptions): Promise<Finding> {
  const staging = await planFor(client, options);
  const need = await finalLockNeed(client, await sortLiveSchemas(client), staging);
  const finding = lockFinding(need, await readLockSpace(client));
  if (finding.level === "ok" || staging.unstaged.size === 0) return finding;
  const reasons = [...staging.unstaged].map(
    ([schema, reason]) => `schema ${schema} cannot be loaded beforehand: ${reason}`,
  );
  return { ...finding, details: [...(finding.details ?? []), ...reasons.slice(0, shown)] };
}

async function checkSessions(client: Client, ownPids: readonly number[]): Promise<Finding> {
  try {
    await refuseOthers(client, ownPids);
    return { level: "ok", check: "sessions", message: "nobody else is connected to the database" };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return {
      level: "fail",
      check: "sessions",
      message: error.message,
      details: error.details,
      ...(error.hints[0] === undefined ? {} : { hint: error.hints[0] }),
    };
  }
}

async function checkLeftovers(client: Client): Promise<Finding> {
  const left = leftoversOf(await listMarkedSchemas(client));
  if (left.length === 0) return { level: "ok", check: "leftovers", message: "no earlier restore left anything behind" };
  return {
    level: "warn",
    check: "leftovers",
    message: `an earlier restore left ${left.length} schemas behind, which the next one drops`,
    details: left.slice(0, shown).map(({ schema, state }) => `${schema} (${state})`),
  };
}
