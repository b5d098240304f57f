import { messageOf } from "../../errors.ts";
import type { Finding } from "../../finding.ts";
import { type Client, connect, serverVersionNumber } from "../connection.ts";
import { checkEncoding } from "../load/archive-encoding.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { describeSession, listSessions, sessionsMessage, stopHint } from "../sessions.ts";
import { type CreationPlan, planCreation } from "./creation-plan.ts";
import { type BesideSettings, instanceDatabase, withElsewhere } from "./elsewhere.ts";
import { listMarkedDatabases } from "./database-marker.ts";
import { belongingsFindings } from "./lost-belongings.ts";
import { readyHint } from "./ready-hint.ts";

/** What {@link preflightSideBySide} looks at. */
export interface SideBySidePreflightOptions extends BesideSettings {
  /** The archive; without one, only whether the instance is ready for a restore side by side. */
  source: DumpSource | undefined;
  template?: string | undefined;
  /** Sessions of our own in the instance's database. */
  ownPids?: readonly number[];
}

/**
 * Whether an archive can be restored side by side: every check, whether it fails or not. Nothing is changed.
 * @throws RefusedError when the instance's database cannot be reached
 */
export async function preflightSideBySide(options: SideBySidePreflightOptions): Promise<Finding[]> {
  const instance = await connect(options.settings);
  try {
    const pid = await instance.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
    const ownPids = [...(options.ownPids ?? []), ...pid.rows.map((row) => row.pid)];
    const findings = await checkElsewhere({ ...options, ownPids });
    return [
      ...findings,
      await checkEncoding(instance, options.source?.toc),
      ...(await belongingsFindings(instance, options.source?.toc)),
    ];
  } finally {
    await instance.end();
  }
}

async function checkElsewhere(options: SideBySidePreflightOptions): Promise<Finding[]> {
  const name = instanceDatabase(options);
  let reached = false;
  try {
    return await withElsewhere(options, async (control) => {
      reached = true;
      const toc = options.source?.toc ?? emptyToc;
      const plan = await planCreation(control, options, toc);
      return [
        { level: "ok", check: "other-database", message: `another database than ${name} lets the role in` },
        checkCreateDb(plan),
        checkOwner(plan),
        checkTemplate(plan),
        await checkVersion(control, options.source),
        ...(await checkTablespace(control, plan)),
        ...(await checkProperties(control, plan)),
        await checkSessions(control, name, options.ownPids ?? []),
        ...(await checkLeftovers(control, plan)),
      ];
    });
  } catch (error) {
    if (reached) throw error;
    return [
      {
        level: "fail",
        check: "other-database",
        message: `neither postgres nor template1 lets the role in, and a database cannot be renamed from within: ${messageOf(error)}`,
      },
    ];
  }
}

const emptyToc: DumpSource["toc"] = {
  version: { major: 1, minor: 14, revision: 0 },
  intSize: 4,
  offsetSize: 8,
  format: 3,
  compression: 0,
  createdAt: { sec: 0, min: 0, hour: 0, mday: 0, mon: 0, year: 0, isdst: 0 },
  databaseName: null,
  serverVersion: null,
  dumpVersion: null,
  entries: [],
};

function checkCreateDb(plan: CreationPlan): Finding {
  const { operator } = plan;
  if (operator.createDb)
    return { level: "ok", check: "createdb", message: `role ${operator.role} may create databases` };
  return {
    level: "fail",
    check: "createdb",
    message: `role ${operator.role} may not create databases`,
    hint: readyHint(plan),
  };
}

function checkOwner({ operator, live }: CreationPlan): Finding {
  if (operator.actsAsOwner) {
    return { level: "ok", check: "owner", message: `role ${operator.role} may rename database ${live.name}` };
  }
  return {
    level: "fail",
    check: "owner",
    message: `database ${live.name} belongs to role ${live.owner}, so role ${operator.role} may not rename it`,
    hint: `as an administrator: ALTER DATABASE "${live.name}" OWNER TO "${operator.role}";`,
  };
}

function checkTemplate(plan: CreationPlan): Finding {
  const check = "template";
  if (plan.unasked.length > 0) {
    return {
      level: "fail",
      check,
      message: `the archive names extensions that the database lacks: ${plan.unasked.join(", ")}`,
      hint: `create them there first, as an administrator: CREATE EXTENSION "${plan.unasked[0]}";`,
    };
  }
  if (plan.template !== undefined) {
    const install = plan.install.map(({ name }) => name).join(", ");
    const tail = install === "" ? "" : `, with ${install} to be installed`;
    return { level: "ok", check, message: `the new database is made from ${plan.template}${tail}` };
  }
  return {
    level: "fail",
    check,
    message: `no template database holds ${plan.needed.map(({ name }) => name).join(", ") || "what an instance needs"}`,
    details: plan.reports.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)),
    hint: readyHint(plan),
  };
}

async function checkVersion(control: Client, source: DumpSource | undefined): Promise<Finding> {
  const check = "server-version";
  const server = Math.floor((await serverVersionNumber(control)) / 10000);
  const archive = Number.parseInt(source?.toc.serverVersion ?? "", 10);
  if (server < 12) {
    return {
      level: "fail",
      check,
      message: `PostgreSQL ${server} is older than 12`,
      hint: "use PostgreSQL 12 or newer",
    };
  }
  if (Number.isNaN(archive) || archive <= server) return { level: "ok", check, message: `PostgreSQL ${server}` };
  return {
    level: "warn",
    check,
    message: `the archive comes from PostgreSQL ${archive}, and this server is PostgreSQL ${server}: statements may be unknown to it, and then nothing is changed`,
  };
}

async function checkTablespace(control: Client, { live, operator }: CreationPlan): Promise<Finding[]> {
  if (live.tablespace === undefined) return [];
  const { rows } = await control.query<{ allowed: boolean }>(
    "SELECT pg_catalog.has_tablespace_privilege($1::text, 'CREATE') AS allowed",
    [live.tablespace],
  );
  if (rows[0]?.allowed === true) {
    return [{ level: "ok", check: "tablespace", message: `the new database stands in tablespace ${live.tablespace}` }];
  }
  return [
    {
      level: "fail",
      check: "tablespace",
      message: `role ${operator.role} may not create a database in tablespace ${live.tablespace}`,
      hint: `as an administrator: GRANT CREATE ON TABLESPACE "${live.tablespace}" TO "${operator.role}";`,
    },
  ];
}

/** Whether settings of roles in the database can follow it: of other roles only by who may alter those. */
async function checkProperties(control: Client, { live, operator }: CreationPlan): Promise<Finding[]> {
  if (operator.isSuperuser) return [];
  const { rows } = await control.query<{ may: boolean }>(
    "SELECT rolcreaterole AS may FROM pg_catalog.pg_roles WHERE rolname = current_user",
  );
  const roles = new Set(
    live.settings.flatMap(({ role }) => (role === undefined || role === operator.role ? [] : [role])),
  );
  if (roles.size === 0 || rows[0]?.may === true) return [];
  return [
    {
      level: "warn",
      check: "properties",
      message: `settings of other roles in database ${live.name} cannot be carried over: ${[...roles].join(", ")}`,
      details: live.settings
        .filter(({ role }) => role !== undefined && roles.has(role))
        .map(({ role, name }) => `${role}: ${name}`),
    },
  ];
}

async function checkSessions(control: Client, name: string, ownPids: readonly number[]): Promise<Finding> {
  const sessions = await listSessions(control, name, ownPids);
  if (sessions.length === 0)
    return { level: "ok", check: "sessions", message: `nobody else is connected to database ${name}` };
  return {
    level: "fail",
    check: "sessions",
    message: sessionsMessage(name, sessions.length),
    details: sessions.map(describeSession),
    hint: stopHint,
  };
}

async function checkLeftovers(control: Client, { live }: CreationPlan): Promise<Finding[]> {
  const marked = await listMarkedDatabases(control, live.name);
  const findings: Finding[] = [];
  const left = marked.filter(({ kind, isAlive }) => kind !== "previous" && !isAlive);
  if (left.length > 0) {
    findings.push({
      level: "warn",
      check: "leftovers",
      message: `an earlier restore left ${left.length} databases behind, which the next one drops`,
      details: left.map(({ name }) => name),
    });
  }
  // a run that died between the creation and the mark
  const { rows } = await control.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_catalog.pg_database d
      WHERE pg_catalog.starts_with(datname::text, $1) AND datname ~ '_restore_[0-9]{14}_[a-z0-9]{4,20}$' AND datdba =
        (SELECT datdba FROM pg_catalog.pg_database WHERE datname = $2)
        AND pg_catalog.shobj_description(d.oid, 'pg_database') IS NULL`,
    [live.name.slice(0, 10), live.name],
  );
  if (rows.length > 0) {
    findings.push({
      level: "warn",
      check: "unmarked-databases",
      message: `${rows.length} databases look like leftovers of a restore, but do not say so; they stay`,
      details: rows.map((row) => row.name),
      hint: rows.map((row) => `DROP DATABASE "${row.name}";`).join("\n"),
    });
  }
  return findings;
}
