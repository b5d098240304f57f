import { lstat, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { differences } from "../../src/demo/differences.ts";
import { fingerprintInstance, type Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance, type MadeUpInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { fingerprintProgram } from "../fixtures/golden.ts";
import {
  cleanEnvironment,
  createTestDatabase,
  testCluster,
  type TestDatabase,
  withClient,
} from "../fixtures/postgres.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

async function tinyInstance(seed?: string): Promise<{ database: TestDatabase; instance: MadeUpInstance }> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const instance = await createInstance({
    settings: database.settings,
    sdir: await tempFolder(),
    scale: tinyScale,
    ...(seed === undefined ? {} : { seed }),
  });
  return { database, instance };
}

async function fingerprint({ database, instance }: Awaited<ReturnType<typeof tinyInstance>>): Promise<Fingerprint> {
  return fingerprintInstance(database.settings, instance.fileStoragePath, instance.fontPath);
}

describe("made-up instance", () => {
  test("the same seed gives the same instance, another seed another one", async () => {
    const first = await fingerprint(await tinyInstance());
    expect(differences(first, await fingerprint(await tinyInstance()))).toEqual([]);
    expect(differences(first, await fingerprint(await tinyInstance("other"))).length).toBeGreaterThan(10);
  });

  test("has the blobs that its rows name, with their sizes, and links to rasters", async () => {
    const { database, instance } = await tinyInstance();
    const { rows } = await withClient(database.settings, (client) =>
      client.query<{ component: string; uuid: string; size: string }>("select component, uuid, size from fileobj"),
    );
    expect(rows.length).toBe(instance.blobs);
    for (const { component, uuid, size } of rows) {
      const folders = join(component, uuid.slice(0, 2), uuid.slice(2, 4), uuid);
      expect((await stat(join(instance.fileStoragePath, folders))).size).toBe(Number(size));
      if (component !== "raster_layer") continue;
      const link = join(instance.sdirPath, folders);
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
      expect(await readlink(link)).toMatch(/^\.\.\//);
      expect((await readFile(link)).length).toBe(Number(size));
    }
  });

  test("its triggers brought a local system into spatial_ref_sys", async () => {
    const { database } = await tinyInstance();
    const { rows } = await withClient(database.settings, (client) =>
      client.query("select count(*)::int as n from srs join spatial_ref_sys on srid = id and srtext = wkt_short"),
    );
    expect(rows).toEqual([{ n: 3 }]);
  });

  test("refuses a database that is not empty", async () => {
    const { database } = await tinyInstance();
    const again = createInstance({ settings: database.settings, sdir: await tempFolder(), scale: tinyScale });
    await expect(again).rejects.toThrow("the database for the instance is not empty");
  });

  test.skipIf(fingerprintProgram === undefined)("its fingerprint is what fingerprint.py prints", async () => {
    const made = await tinyInstance();
    await withClient(made.database.settings, (client) =>
      client.query("select lo_from_bytea(4711, 'large'), lo_from_bytea(0, '')"),
    );
    const { host, port, binDir } = testCluster();
    const dsn = `host=${host} port=${port} dbname=${made.database.name} user=${made.database.role}`;
    const env = { ...cleanEnvironment(), PATH: `${binDir}:${process.env.PATH ?? ""}` };
    const args = [fingerprintProgram as string, dsn, made.instance.sdirPath];
    const printed = await mustSucceed("python3", args, { env });
    expect(await fingerprint(made)).toEqual(JSON.parse(printed.toString()));
  });
});
