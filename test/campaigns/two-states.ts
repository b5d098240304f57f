import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { type ArchiveForm, createForm } from "./archives/forms.ts";
import { BrokenPromise, mustHold } from "./campaign.ts";

/** How a restore replaces the database. */
export type Way = "side-by-side" | "in-place";

/** One of the two states, as a restore of its archive gives it. */
export interface State {
  name: "one" | "other";
  archivePath: string;
  fingerprint: Fingerprint;
}

/** An instance that is in one of two states, each with an archive; cases bring it from one to the other. */
export interface TwoStates {
  way: Way;
  instance: TestInstance;
  /** What it holds now. */
  current: State;
  other: State;
  /** Settings, grants, comment and limits of the database, which no restore may change. */
  databaseSettings: string;
  close(): Promise<void>;
}

/**
 * Makes two instances and their archives, and a third that holds the first one's archive.
 * @param options `noZip`: the archives are folders; `form`: what they are like, plain when left out
 */
export async function createTwoStates(
  cluster: TestClusterAddress,
  way: Way,
  options: { noZip?: boolean; form?: ArchiveForm | undefined } = {},
): Promise<TwoStates> {
  const form = await createForm(options.form ?? "plain");
  const { extraConfig } = form;
  const sources: TestInstance[] = [];
  const states: State[] = [];
  for (const name of ["one", "other"] as const) {
    const source = await createTestInstance({ cluster, extraConfig });
    sources.push(source);
    await createInstance({
      settings: source.database.settings,
      sdir: source.sdir,
      scale: tinyScale,
      seed: `state ${name}`,
    });
    const archivePath = await form.backup(source, options.noZip === true ? ["--no-zip"] : []);
    states.push({ name, archivePath, fingerprint: afterRestore(await source.fingerprint()) });
    await source.database.drop();
  }
  const [one, other] = states as [State, State];
  const instance = await createTestInstance({ cluster, extraConfig, readyForSideBySide: way === "side-by-side" });
  const world: TwoStates = {
    way,
    instance,
    current: one,
    other,
    databaseSettings: "",
    async close() {
      await instance.drop();
      for (const { folder } of sources) await rm(folder, { recursive: true, force: true });
      await form.close();
    },
  };
  await setDatabase(world);
  world.databaseSettings = await readDatabaseSettings(instance);
  const first = await runCli(["restore", ...instance.config, "--keep-previous", "0", `--${way}`, one.archivePath]);
  mustHold(first.exitCode === 0, "the first state is restored", first.stderr);
  mustBeIn(world, await instance.fingerprint(), [one]);
  await mustHoldOneCopy(world, "at the start");
  return world;
}

/** What belongs to a database and would go with it, were it not carried over. */
async function setDatabase({ instance }: TwoStates): Promise<void> {
  const { name, role, settings } = instance.database;
  await withClient(settings, (client) =>
    client.query(
      `alter database ${name} set work_mem = '5MB'; alter database ${name} connection limit 40;
       alter role ${role} in database ${name} set statement_timeout = '17min';
       comment on database ${name} is 'of a campaign'; revoke temporary on database ${name} from public;
       grant connect on database ${name} to pg_monitor`,
    ),
  );
}

/** Everything that `pg_database` and its companions say of the instance's database, as text. */
export async function readDatabaseSettings({ database }: TestInstance): Promise<string> {
  return await withClient(database.admin, async (client) => {
    const { rows } = await client.query(
      `select pg_get_userbyid(datdba) as owner, datacl::text, datconnlimit, datistemplate, datallowconn,
         pg_encoding_to_char(encoding) as encoding, datcollate, datctype, shobj_description(d.oid, 'pg_database') as comment,
         (select json_agg(json_build_array(setrole::regrole, setconfig) order by setrole) from pg_db_role_setting
          where setdatabase = d.oid) as settings
       from pg_database d where datname = current_database()`,
    );
    return JSON.stringify(rows[0]);
  });
}

/**
 * Which of some states the instance is in, exactly.
 * @throws BrokenPromise when it is in none, with the differences to each
 */
export function mustBeIn(world: TwoStates, found: Fingerprint, states: readonly State[]): State {
  const lines: string[] = [];
  for (const state of states) {
    const differing = differences(state.fingerprint, found);
    if (differing.length === 0) return state;
    lines.push(`to state ${state.name}: ${differing.length} differences`, ...differing.slice(0, 5));
  }
  throw new BrokenPromise([`${world.way}: the instance is the old one or the new one`, ...lines].join("\n  "));
}

/** Files of runs that are still there: relative paths within the work folder. */
export function filesOfRuns({ instance }: TwoStates): string[] {
  const folder = join(instance.sdir, "ngwbackup");
  return existsSync(folder) ? ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })] : [];
}

/** Databases and schemas that runs made and left, by name. */
export async function databasesOfRuns({ instance }: TwoStates): Promise<string[]> {
  const { admin, name, role } = instance.database;
  return await withClient(admin, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select 'database ' || datname as name from pg_database where pg_get_userbyid(datdba) = $1::name
         and datname not in ($2::name, ($2 || '_template')::name)
       union all select 'schema ' || nspname from pg_namespace where nspname ~ '__(previous|new)' order by 1`,
      [role, name],
    );
    return rows.map((row) => row.name);
  });
}

/**
 * Holds the instance to be the only copy: no file, database, schema, lock or session of a run is left, and the database has
 * the settings that it had.
 * @param said what the command told that was to clear up
 */
export async function mustHoldOneCopy(world: TwoStates, when: string, said = ""): Promise<void> {
  const files = filesOfRuns(world);
  mustHold(files.length === 0, `${world.way}, ${when}: no file of a run is left`, ...files, said);
  const databases = await databasesOfRuns(world);
  mustHold(databases.length === 0, `${world.way}, ${when}: no database or schema of a run is left`, ...databases, said);
  await mustHoldNoLock(world.instance, `${world.way}, ${when}`);
  const settings = await readDatabaseSettings(world.instance);
  mustHold(
    settings === world.databaseSettings,
    `${world.way}, ${when}: the database has the settings that it had`,
    world.databaseSettings,
    settings,
  );
}

/** Whether the server is still busy with what a role asked, which may have died meanwhile. */
export async function hasSessions({ database }: TestInstance): Promise<boolean> {
  return await withClient(database.admin, async (client) => {
    const { rows } = await client.query("select 1 from pg_stat_activity where usename = $1 limit 1", [database.role]);
    return rows.length > 0;
  });
}

/** Holds the server to have no session, advisory lock or prepared transaction of a role's any more, after 5 s at most. */
export async function mustHoldNoLock({ database }: TestInstance, when: string): Promise<void> {
  await withClient(database.admin, async (client) => {
    let lines: string[] = [];
    // A server process learns that its client died when it looks, every second.
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const { rows } = await client.query<{ line: string }>(
        `select 'session ' || pid || ' ' || application_name || ': ' || left(query, 100) as line from pg_stat_activity
         where usename = $1
         union all select 'prepared transaction ' || gid from pg_prepared_xacts where owner = $1`,
        [database.role],
      );
      lines = rows.map(({ line }) => line);
      if (lines.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    mustHold(false, `${when}: no session or prepared transaction is left`, ...lines);
  });
}
