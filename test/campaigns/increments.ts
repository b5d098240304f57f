import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { cleanEnvironment, withClient } from "../fixtures/postgres.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { type Campaign, mustHold } from "./campaign.ts";
import { changes, openStatements } from "./increments/changes.ts";
import { tableNames, tablesSql } from "./increments/tables.ts";
import type { Random } from "./random.ts";

interface World {
  instance: TestInstance;
  binDir: string;
  /** A transaction that was open during the last backup. */
  open: Client | undefined;
  /** Names of the archives, each made on the one before. */
  chain: string[];
}

/** Then a full one is made, so that chains stay short. */
const longestChain = 12;

/** Changes a database in ways that look like nothing, and backs it up on an archive from before. */
export const increments: Campaign<World> = {
  name: "increments",
  about: "changes tables in ways that show little, and backs up what has changed since an earlier archive",
  shortCount: changes.length,
  fullCount: 1000,
  async prepare({ cluster }) {
    const instance = await createTestInstance({ cluster });
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    await withClient(instance.database.settings, async (client) => {
      await client.query(tablesSql);
      await client.query("VACUUM ANALYZE");
    });
    await mkdir(instance.backupFolder);
    const world: World = { instance, binDir: cluster.binDir, open: undefined, chain: [] };
    const close = async (): Promise<void> => {
      await world.open?.end();
      await instance.drop();
    };
    return { world, close };
  },
  async runCase(world, { seed, random }) {
    await endOpen(world, random);
    const names = await changeTables(world, seed, random);
    const base = await chooseBase(world, random);
    await beginOpen(world, random);
    const expected = new Map<string, Buffer>();
    for (const table of tableNames) expected.set(table, await copyOf(world, table));
    const name = `${seed}.ngwbackup`;
    const path = join(world.instance.backupFolder, name);
    const backup = await runCli([
      "backup",
      ...world.instance.config,
      "--json",
      ...(base === undefined ? [] : ["--base", join(world.instance.backupFolder, base)]),
      ...random.oneOf([[], [], [], ["--one-shot"], ["--jobs", "1"]]),
      path,
    ]);
    const said = [`after ${names.join(", ")}; on ${base ?? "nothing"}`, backup.stderr];
    mustHold(backup.exitCode === 0, "a backup succeeds", ...said);
    world.chain.push(name);
    await mustHoldTables(world, path, expected, said);
    const { untouchedTableBytes, tableBytes } = JSON.parse(backup.stdout.trim().split("\n").at(-1)!) as {
      untouchedTableBytes: number;
      tableBytes: number;
    };
    if (base === undefined) return "a full one";
    const share = untouchedTableBytes / tableBytes;
    return share === 0 ? "every row read" : share > 0.9 ? "nearly nothing read" : "some rows read";
  },
};

async function changeTables({ instance }: World, seed: number, random: Random): Promise<string[]> {
  const chosen = [
    changes[seed % changes.length]!,
    ...Array.from({ length: random.below(3) }, () => random.oneOf(changes)),
  ];
  await withClient(instance.database.settings, async (client) => {
    for (const change of chosen) await change.make(client, random);
  });
  return chosen.map(({ name }) => name);
}

/** The newest archive mostly, an older one at times; what is remembered of it may be gone. */
async function chooseBase(world: World, random: Random): Promise<string | undefined> {
  const { instance, chain } = world;
  if (chain.length >= longestChain) {
    for (const name of await readdir(instance.backupFolder))
      if (chain.includes(name)) await rm(join(instance.backupFolder, name));
    world.chain = [];
    return undefined;
  }
  if (random.below(12) === 0) await rm(join(instance.sdir, ".ngwbackup", "rows"), { recursive: true, force: true });
  return random.below(6) === 0 && chain.length > 0 ? random.oneOf(chain) : chain.at(-1);
}

/** Ends what was open during the backup before. */
async function endOpen(world: World, random: Random): Promise<void> {
  await world.open?.query(random.oneOf(["COMMIT", "COMMIT", "ROLLBACK"]));
  await world.open?.end();
  world.open = undefined;
}

/** Leaves a transaction open at times: what it does, a snapshot must not see, and the next one has to. */
async function beginOpen(world: World, random: Random): Promise<void> {
  if (random.below(2) === 0) return;
  const { host, port, database, user } = world.instance.database.settings;
  world.open = new Client({ host, port, database, user });
  await world.open.connect();
  for (const statement of openStatements(random)) await world.open.query(statement);
}

/** Rows of a table as they are now, in the order of a backup. */
async function copyOf({ instance, binDir }: World, table: string): Promise<Buffer> {
  const { host, port, database, user } = instance.database.admin;
  const settings = "-c synchronize_seqscans=off -c extra_float_digits=3";
  const place = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database, PGOPTIONS: settings };
  const env = { ...cleanEnvironment(), ...place };
  return await mustSucceed(join(binDir, "psql"), ["-XqAtc", `COPY ${table} TO STDOUT`], { env });
}

/** The archive is sound, and holds exactly what the tables held. */
async function mustHoldTables(
  { instance }: World,
  path: string,
  expected: ReadonlyMap<string, Buffer>,
  said: readonly string[],
): Promise<void> {
  const verified = await runCli(["verify", path]);
  mustHold(verified.exitCode === 0, "verify accepts it", verified.stdout, ...said);
  const folder = join(instance.folder, "extracted");
  await rm(folder, { recursive: true, force: true });
  const patterns = tableNames.map((table) => `table:public.${table}`);
  const extracted = await runCli(["extract", path, ...patterns, "--to", folder]);
  mustHold(extracted.exitCode === 0, "extract gives its tables", extracted.stderr, ...said);

  for (const [table, rows] of expected) {
    const got = await readFile(join(folder, "tables", `public.${table}.copy`));
    const whole = Buffer.concat([rows, Buffer.from("\\.\n\n\n")]);
    mustHold(got.equals(whole), `${table} comes out as it was`, `${rows.length} bytes, found ${got.length}`, ...said);
  }
}
