import { randomInt } from "node:crypto";
import { RefusedError } from "../../errors.ts";
import { type Client, connect } from "../connection.ts";
import { type DatabaseProperties, readDatabaseProperties } from "../database-properties.ts";
import { createDatabase, dropDatabase } from "../side-by-side/create-database.ts";
import { type CreationPlan, neededExtensions, planCreationLike } from "../side-by-side/creation-plan.ts";
import { commentOnDatabase, sessionOf } from "../side-by-side/database-marker.ts";
import { type BesideSettings, connectElsewhere, instanceDatabase } from "../side-by-side/elsewhere.ts";
import { readyHint } from "../side-by-side/ready-hint.ts";
import type { Toc } from "../toc.ts";

/** A database that holds nothing yet, and is not the instance's. */
export interface FreshDatabase {
  name: string;
  /** Whether it was made now: then `discard` drops it. */
  isMade: boolean;
  /** A session of the application's role in it. */
  connect(): Promise<Client>;
  /** It is filled: from now on it belongs to the administrator. */
  keep(comment: string): Promise<void>;
  /** Drops it if it was made now. @returns whether it is gone */
  discard(): Promise<boolean>;
}

/** How a fresh database is made. */
export interface FreshDatabaseOptions extends BesideSettings {
  /** Template, see `CreationOptions`. */
  template?: string | undefined;
  /** Made, or taken if it is there and empty; a name beside the instance's when left out. */
  name: string | undefined;
  toc: Toc;
  now(): Date;
}

/** Longest name that PostgreSQL keeps, in bytes. */
const longestNameBytes = 63;

/**
 * Makes a database for a rescue in the likeness of the instance's, or takes an empty one. Until it is kept, its comment says
 * that a run of ours is filling it, so that a later command drops what a killed one has left.
 * @throws RefusedError for the instance's own name, a database that is not empty, or when none can be made; nothing is left then
 */
export async function openFreshDatabase(options: FreshDatabaseOptions): Promise<FreshDatabase> {
  const own = instanceDatabase(options);
  const runId = Array.from({ length: 10 }, () => randomInt(36).toString(36)).join("");
  const name = options.name ?? rescueName(own, options.now());
  if (name === own)
    throw new RefusedError(
      "rescue-over-instance",
      `${name} is the configured database, and a rescue never writes there`,
      {
        hints: ["name another one by --rescue-database, or leave it out"],
      },
    );
  if (Buffer.byteLength(name) > longestNameBytes)
    throw new RefusedError("bad-database-name", `a name of a database has at most ${longestNameBytes} bytes: ${name}`);
  const control = await connectElsewhere(options, `ngwbackup rescue ${runId}`);
  try {
    if ((await readDatabaseProperties(control, name)) !== undefined) {
      await takeEmpty(options, name);
      return handle(options, control, name, false);
    }
    await make(control, options, { own, name, runId });
    return handle(options, control, name, true);
  } catch (error) {
    await control.end().catch(() => undefined);
    throw error;
  }
}

function rescueName(own: string, at: Date): string {
  const suffix = `_rescue_${at.toISOString().replaceAll(/\D/g, "").slice(0, 14)}`;
  let base = "";
  for (const character of own) {
    if (Buffer.byteLength(base + character + suffix) > longestNameBytes) break;
    base += character;
  }
  return base + suffix;
}

function handle(options: FreshDatabaseOptions, control: Client, name: string, isMade: boolean): FreshDatabase {
  let isMine = isMade;
  return {
    name,
    isMade,
    connect: () => connect(options.settings, { database: name }),
    async keep(comment) {
      if (isMine) await sayOfDatabase(options, control, commentOnDatabase(name, comment));
      isMine = false;
      await control.end().catch(() => undefined);
    },
    async discard() {
      if (!isMine) {
        await control.end().catch(() => undefined);
        return false;
      }
      try {
        await dropDatabase(control, name);
      } catch {
        // The session may have broken with the run.
        const again = await connectElsewhere(options);
        try {
          await dropDatabase(again, name);
        } finally {
          await again.end();
        }
      }
      await control.end().catch(() => undefined);
      return true;
    },
  };
}

/** Checks that a database is empty and the application's role may fill it, and installs the extensions that it may. */
async function takeEmpty(options: FreshDatabaseOptions, name: string): Promise<void> {
  const client = await connect(options.settings, { database: name });
  try {
    const { rows } = await client.query<{ relations: string[]; mayCreate: boolean; extensions: string[] }>(
      `SELECT coalesce((SELECT pg_catalog.array_agg(pg_catalog.format('%I.%I', n.nspname, c.relname)::text ORDER BY 1)
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)), '{}') AS relations,
              pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS "mayCreate",
              ARRAY(SELECT extname::text FROM pg_catalog.pg_extension) AS extensions`,
    );
    const { relations = [], mayCreate = false, extensions = [] } = rows[0] ?? {};
    const [first] = relations;
    if (first !== undefined)
      throw new RefusedError(
        "database-not-empty",
        `database ${name} is not empty: it holds ${relations.length} relations, ${first} among them`,
        {
          hints: ["name another one by --rescue-database, or leave it out: a fresh one is made then"],
        },
      );
    if (!mayCreate)
      throw new RefusedError(
        "no-privilege",
        `the role may not make schemas in database ${name}: expected privilege CREATE on it`,
      );
    for (const { name: extension, schema } of neededExtensions(options.toc)) {
      if (extensions.includes(extension)) continue;
      try {
        await client.query(
          `CREATE EXTENSION IF NOT EXISTS "${extension.replaceAll('"', '""')}" WITH SCHEMA "${schema.replaceAll('"', '""')}"`,
        );
      } catch (error) {
        throw new RefusedError(
          "no-extension",
          `database ${name} lacks extension ${extension}, and the role may not install it`,
          {
            cause: error,
            hints: [`as a superuser, in database ${name}: CREATE EXTENSION "${extension.replaceAll('"', '""')}"`],
          },
        );
      }
    }
  } finally {
    await client.end();
  }
}

async function make(
  control: Client,
  options: FreshDatabaseOptions,
  { own, name, runId }: { own: string; name: string; runId: string },
): Promise<void> {
  const live = (await readDatabaseProperties(control, own)) ?? (await likenessOfServer(control, options));
  const plan = await planCreationLike(control, options, live, options.toc);
  refuseUnlessPossible(plan, name);
  const createdAt = options.now().toISOString();
  const session = await sessionOf(control);
  const marker = { kind: "restore", runId, of: own, createdAt, keepUntil: null, ...session, comment: null } as const;
  try {
    await createDatabase(control, options, plan, name, marker);
  } catch (error) {
    await dropDatabase(control, name).catch(() => undefined);
    throw error;
  }
}

/** Where the instance's database is gone with the rest of the machine: as the server makes databases, for the configured role. */
async function likenessOfServer(control: Client, { settings }: BesideSettings): Promise<DatabaseProperties> {
  const { rows } = await control.query<{ database: string; role: string }>(
    `SELECT pg_catalog.current_database() AS database, coalesce((SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = $1), current_user) AS role`,
    [settings.user ?? settings.env["PGUSER"] ?? null],
  );
  const { database = "postgres", role = "" } = rows[0] ?? {};
  const like = await readDatabaseProperties(control, database);
  if (like === undefined) throw new RefusedError("no-database", `the server has no database ${database}`);
  return { ...like, owner: role, tablespace: undefined };
}

function refuseUnlessPossible(plan: CreationPlan, name: string): void {
  const { operator, template, unasked, reports, live } = plan;
  const missing = [
    ...(operator.createDb ? [] : [`role ${operator.role} may not create databases`]),
    ...(operator.actsAsOwner ? [] : [`role ${operator.role} may not make databases of role ${live.owner}`]),
    ...(template === undefined ? ["no template database holds the extensions that the archive needs"] : []),
    ...unasked.map((extension) => `extension ${extension} is not one that an archive alone has a superuser install`),
  ];
  const [first, ...others] = missing;
  if (first === undefined) return;
  const problems = reports.flatMap((report) => report.problems.map((problem) => `${report.name}: ${problem}`));
  throw new RefusedError("no-fresh-database", `database ${name} cannot be made: ${first}`, {
    details: [...others, ...problems],
    hints: [
      "make an empty database with the extensions, and name it: --rescue-database NAME",
      `or, as a superuser, in psql:\n${readyHint(plan)}`.replaceAll("\n", "\n  "),
    ],
  });
}

/** The comment of a database that a rescue has filled; it begins as all of ours do, so that nobody takes it for a template. */
export function rescueComment(archive: string, at: Date): string {
  return `ngwbackup: rescued at ${at.toISOString()} from ${archive}`;
}

/** By a fresh session where the first one, which was idle during all of the load, has broken meanwhile. */
async function sayOfDatabase(options: FreshDatabaseOptions, control: Client, sql: string): Promise<void> {
  try {
    await control.query(sql);
  } catch {
    const again = await connectElsewhere(options);
    try {
      await again.query(sql);
    } finally {
      await again.end();
    }
  }
}
