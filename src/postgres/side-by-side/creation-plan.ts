import { RefusedError } from "../../errors.ts";
import { type Client, connect } from "../connection.ts";
import { type DatabaseProperties, readDatabaseBelongings, readDatabaseProperties } from "../database-properties.ts";
import type { Toc } from "../toc.ts";
import { type BesideSettings, instanceDatabase } from "./elsewhere.ts";
import { findTemplates, type TemplateReport, trustedExtensions } from "./templates.ts";

/** The role that creates, renames and drops databases, and what it may do. */
export interface Operator {
  role: string;
  isSuperuser: boolean;
  /** May create databases at all. */
  createDb: boolean;
  /** Has the rights of the owner of the instance's database. */
  actsAsOwner: boolean;
}

/** An extension that the archive's contents need. */
export interface NeededExtension {
  name: string;
  schema: string;
}

/** How the new database is going to be made. */
export interface CreationPlan {
  live: DatabaseProperties;
  operator: Operator;
  /** Undefined when there is none that would do; `reports` tell why. */
  template: string | undefined;
  /** To be installed after creation, by the operator. */
  install: NeededExtension[];
  needed: NeededExtension[];
  reports: TemplateReport[];
  /** Of {@link needed}: what a superuser would have to install on the archive's word alone. */
  unasked: string[];
}

/** What {@link planCreation} looks at. */
export interface CreationOptions extends BesideSettings {
  /** Name of the template database; the newest that fits when left out. */
  template?: string | undefined;
}

/**
 * Decides how to make the new database: a superuser makes one from template0 and installs the extensions, another role
 * copies a template that has them already.
 * @param control connected as the operator to another database than the instance's
 * @throws RefusedError when the instance's database is not there
 */
export async function planCreation(control: Client, options: CreationOptions, toc: Toc): Promise<CreationPlan> {
  const name = instanceDatabase(options);
  const live = await readDatabaseProperties(control, name);
  if (live === undefined) throw new RefusedError("no-database", `the server has no database ${name}`);
  return await planCreationLike(control, options, live, toc);
}

/**
 * As {@link planCreation}, in the likeness of a given database.
 * @param live owner, encoding, collation and tablespace of the new one; its `name` is a database that is there
 */
export async function planCreationLike(
  control: Client,
  options: CreationOptions,
  live: DatabaseProperties,
  toc: Toc,
): Promise<CreationPlan> {
  const operator = await readOperator(control, live);
  const needed = neededExtensions(toc);
  if (operator.isSuperuser && options.template === undefined) {
    const unasked = await unaskedExtensions(options, live.name, needed);
    return { live, operator, template: "template0", install: needed, needed, reports: [], unasked };
  }
  const reports = await findTemplates(control, options, live, needed);
  const fitting = reports.find(({ problems }) => problems.length === 0);
  return { live, operator, template: fitting?.name, install: fitting?.install ?? [], needed, reports, unasked: [] };
}

/** Extensions that a table of contents names, with the schema each stood in; `plpgsql` is everywhere. */
export function neededExtensions(toc: Toc): NeededExtension[] {
  return toc.entries
    .filter(({ description, tag }) => description === "EXTENSION" && tag !== "plpgsql")
    .map(({ tag, definition }) => {
      const [, quoted, plain] = /\bWITH SCHEMA (?:"((?:[^"]|"")+)"|([\w$]+))/.exec(definition ?? "") ?? [];
      return { name: tag, schema: quoted?.replaceAll('""', '"') ?? plain ?? "public" };
    });
}

/**
 * Some extensions open the server's files or run any code: an archive alone cannot have a superuser install them.
 * @returns those that are not of PostGIS or hstore, that not every owner of a database may install, and that the instance lacks
 */
async function unaskedExtensions(
  options: BesideSettings,
  database: string,
  needed: readonly NeededExtension[],
): Promise<string[]> {
  const client = await connect(options.settings, { database });
  try {
    const known = await trustedExtensions(client);
    for (const { name } of (await readDatabaseBelongings(client)).extensions) known.add(name);
    return needed.map(({ name }) => name).filter((name) => !known.has(name) && !/^(?:postgis\w*|hstore)$/.test(name));
  } finally {
    await client.end();
  }
}

async function readOperator(control: Client, { owner }: DatabaseProperties): Promise<Operator> {
  const { rows } = await control.query<Operator>(
    `SELECT r.rolname::text AS role, r.rolsuper AS "isSuperuser", r.rolcreatedb OR r.rolsuper AS "createDb",
            pg_catalog.pg_has_role($1::name, 'USAGE') AS "actsAsOwner"
       FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
    [owner],
  );
  return rows[0] ?? { role: "?", isSuperuser: false, createDb: false, actsAsOwner: false };
}
