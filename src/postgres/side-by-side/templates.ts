import { messageOf } from "../../errors.ts";
import { actualVersion } from "../collation-versions.ts";
import { type Client, connect } from "../connection.ts";
import { localeColumns, localeDifferences, localeOf, type LocaleRow } from "../database-locale.ts";
import type { DatabaseProperties } from "../database-properties.ts";
import { quoteIdentifier } from "../quoting.ts";
import type { NeededExtension } from "./creation-plan.ts";
import type { BesideSettings } from "./elsewhere.ts";

/** A database that was looked at as a template, and what speaks against it. */
export interface TemplateReport {
  name: string;
  /** Empty: it will do. */
  problems: string[];
  /** Trusted extensions that it lacks and that its copy's owner may install. */
  install: NeededExtension[];
}

/** Databases looked into when none is named; a server with hundreds would take too long. */
const mostCandidates = 20;

/**
 * Looks at databases that the operator may copy: the one named, or those that are marked as templates or belong to the
 * instance's owner, newest first. The instance itself and databases of ours never count.
 */
export async function findTemplates(
  control: Client,
  options: BesideSettings & { template?: string | undefined },
  live: DatabaseProperties,
  needed: readonly NeededExtension[],
): Promise<TemplateReport[]> {
  const { rows } = await control.query<Candidate>(
    `SELECT d.datname::text AS name, d.datallowconn AS open, d.datistemplate AS marked,
            pg_catalog.pg_has_role(d.datdba, 'USAGE') AS ours,
            (SELECT pg_catalog.to_jsonb(l) FROM (SELECT ${localeColumns}) l) AS locale
       FROM pg_catalog.pg_database d
      WHERE CASE WHEN $1::text IS NOT NULL THEN d.datname = $1
                 ELSE d.datname <> $2 AND d.datname <> 'template0' AND d.datallowconn
                  AND (d.datistemplate OR pg_catalog.pg_get_userbyid(d.datdba) = $3)
                  AND coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '') NOT LIKE 'ngwbackup: %' END
      ORDER BY d.datistemplate DESC, d.oid DESC LIMIT ${mostCandidates}`,
    [options.template ?? null, live.name, live.owner],
  );
  if (options.template !== undefined && rows.length === 0) {
    return [{ name: options.template, problems: ["there is no such database"], install: [] }];
  }
  const reports: TemplateReport[] = [];
  for (const candidate of rows) {
    const report = await judge(control, candidate, options, live, needed);
    reports.push(report);
    if (report.problems.length === 0) break;
  }
  return reports;
}

interface Candidate {
  name: string;
  open: boolean;
  marked: boolean;
  ours: boolean;
  locale: LocaleRow;
}

async function judge(
  control: Client,
  candidate: Candidate,
  options: BesideSettings,
  live: DatabaseProperties,
  needed: readonly NeededExtension[],
): Promise<TemplateReport> {
  const report: TemplateReport = { name: candidate.name, problems: [], install: [] };
  const locale = localeOf(candidate.locale, await actualVersion(control, "$1", [candidate.name]));
  report.problems.push(...localeDifferences(locale, live.name, live.locale));
  // the server makes no copy of such a one
  if (locale.version !== undefined && locale.version !== locale.actualVersion) {
    report.problems.push(
      `its collation has version ${locale.version}, and the server ${locale.actualVersion ?? "none"}: REINDEX DATABASE ${quoteIdentifier(candidate.name)}; ALTER DATABASE ${quoteIdentifier(candidate.name)} REFRESH COLLATION VERSION;`,
    );
  }
  if (!candidate.marked && !candidate.ours)
    report.problems.push("it is neither marked as a template nor owned by the role");
  if (!candidate.open) report.problems.push("it takes no connections, so nobody can look into it");
  if (report.problems.length > 0) return report;
  try {
    const client = await connect(options.admin ?? options.settings, { database: candidate.name });
    try {
      await judgeContents(client, live, needed, report);
    } finally {
      await client.end();
    }
  } catch (error) {
    report.problems.push(messageOf(error));
  }
  return report;
}

async function judgeContents(
  client: Client,
  live: DatabaseProperties,
  needed: readonly NeededExtension[],
  report: TemplateReport,
): Promise<void> {
  const extensions = await client.query<{ name: string }>("SELECT extname::text AS name FROM pg_catalog.pg_extension");
  const present = new Set(extensions.rows.map(({ name }) => name));
  const missing = needed.filter(({ name }) => !present.has(name));
  const trusted = await trustedExtensions(client);
  report.install = missing.filter(({ name }) => trusted.has(name));
  const lacking = missing.filter(({ name }) => !trusted.has(name)).map(({ name }) => name);
  if (lacking.length > 0) report.problems.push(`it lacks ${lacking.join(", ")}`);
  const relations = await client.query<{ name: string; extension: boolean; writable: boolean; owner: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, d.objid IS NOT NULL AS extension,
            c.relname <> 'spatial_ref_sys' OR pg_catalog.pg_has_role($1::name, c.relowner, 'USAGE') AS writable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`,
    [live.owner],
  );
  const own = relations.rows.filter(({ extension }) => !extension);
  if (own.length > 0) report.problems.push(`it is not empty: ${own.length} relations, ${own[0]?.name} among them`);
  for (const { name, extension, writable } of relations.rows) {
    if (extension && !writable) report.problems.push(`${name} does not belong to role ${live.owner}`);
  }
}

/** Extensions that whoever may create in the database can install; none before PostgreSQL 13. */
export async function trustedExtensions(client: Client): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT v.name::text AS name FROM pg_catalog.pg_available_extension_versions v
      WHERE coalesce((pg_catalog.to_jsonb(v) ->> 'trusted')::boolean, false)`,
  );
  return new Set(rows.map(({ name }) => name));
}
