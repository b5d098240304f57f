import { readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createInstance, type MadeUpInstance } from "../../src/demo/instance.ts";
import { checkOneMoment } from "../../src/demo/one-moment.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { startWriters, type WritersDone } from "../../src/demo/writers.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let database: TestDatabase;
let instance: MadeUpInstance;

/** Lets clients write until each kind of change has been made. */
async function writeForAWhile(): Promise<WritersDone> {
  const writers = await startWriters({ settings: database.settings, fileStoragePath: instance.fileStoragePath });
  while (writers.done.deletions === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return writers.stop();
}

async function pathOf(component: string): Promise<string> {
  const files = await readdir(join(instance.fileStoragePath, component), { recursive: true, withFileTypes: true });
  const file = files.find((entry) => entry.isFile());
  return join(file?.parentPath ?? "", file?.name ?? "");
}

const faults = async (): Promise<string[]> =>
  (await checkOneMoment(database.settings, instance.fileStoragePath)).faults;

describe("writers and the check of one moment", () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const sdir = await tempFolder();
    instance = await createInstance({ settings: database.settings, sdir, scale: tinyScale });
  });

  test("an instance is of one moment after clients have written, and stop ends them all", async () => {
    const done = await writeForAWhile();
    const found = await checkOneMoment(database.settings, instance.fileStoragePath);
    expect(found.faults).toEqual([]);
    expect(found.counters).toBe(3);
    expect(found.blobs).toBe(instance.blobs + 3 + done.uploads - done.deletions);
    expect(found.foreignKeys).toBeGreaterThan(20);
    expect(done.deletions).toBeGreaterThan(0);
    // A server process outlives its connection by a moment.
    const sessions = async (): Promise<unknown[]> =>
      withClient(database.admin, async (client) => {
        const sql = "select from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()";
        return (await client.query(sql, [database.name])).rows;
      });
    await expect.poll(sessions, { timeout: 30_000 }).toEqual([]);
  });

  test("writers go on where earlier ones stopped", async () => {
    await writeForAWhile();
    await writeForAWhile();
    expect(await faults()).toEqual([]);
  });

  test("a missing and a cut blob are faults", async () => {
    await rm(await pathOf("raster_layer"));
    await truncate(await pathOf("svg_marker_library"), 7);
    const found = await faults();
    expect(found).toHaveLength(2);
    expect(found.join("\n")).toMatch(/raster_layer.*found no file/);
    expect(found.join("\n")).toMatch(/svg_marker_library.*expected 98 bytes, found 7/);
  });

  test("a count that disagrees is a fault, in every place it stands", async () => {
    await writeForAWhile();
    await withClient(database.settings, (client) =>
      client.query("update demo_counter set value = value + 1 where client = 0"),
    );
    expect(await faults()).toEqual([expect.stringContaining("counter 0: its table, its setting and its blob say")]);
    await withClient(database.settings, (client) =>
      client.query("update demo_counter set value = value - 1 where client = 0"),
    );
    const path = await pathOf("demo_counter");
    await writeFile(path, "x");
    expect((await faults()).at(-1)).toMatch(/its table, its setting and its blob say \d+, \d+, x$/);
  });

  test("a row that refers to nothing is a fault", async () => {
    await withClient(database.admin, async (client) => {
      await client.query("set session_replication_role = replica");
      await client.query("delete from resource where cls = 'raster_layer'");
    });
    expect(await faults()).toEqual([
      "foreign key raster_layer_id_fkey of raster_layer: 2 rows refer to nothing in resource",
    ]);
  });

  test("a client that fails is reported by stop", async () => {
    await withClient(database.settings, (client) => client.query("create table demo_counter (something_else text)"));
    const writers = await startWriters({ settings: database.settings, fileStoragePath: instance.fileStoragePath });
    await expect(writers.stop()).rejects.toThrow("a client of the instance failed");
  });
});
