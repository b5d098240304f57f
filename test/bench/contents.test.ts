import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { countContents, missingContents } from "../../bench/contents.ts";
import { blobPath, planBlobs } from "../../src/demo/files.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { createTestDatabase, withClient } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

test("a restore that lacks rows, an index or a file is not complete", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const sdir = await tempFolder();
  const { sdirPath, fileStoragePath } = await createInstance({ settings: database.settings, sdir, scale: tinyScale });
  const place = { configPath: "", sdirPath, fileStoragePath, database: database.name };
  const instance = { place, settings: database.settings };
  const execute = (sql: string) => withClient(database.settings, (client) => client.query(sql));
  const expected = await countContents(instance);
  expect(expected.rows["public.fileobj"]).toBe(13);
  expect(expected.files).toBe(13);
  expect(missingContents(expected, expected, false)).toEqual([]);

  // What NextGIS Web's own backups leave out, and what a restore in place keeps for an undo.
  await execute(
    "delete from public.pyramid_session; create schema public__previous_x; create table public__previous_x.y ()",
  );
  expect(missingContents(expected, await countContents(instance), false)).toEqual([]);

  await execute("drop table public.svg_marker; drop index public.ix_core_storage_stat_delta_resource_id");
  const [blob] = planBlobs("demo", tinyScale);
  await rm(join(fileStoragePath, blobPath(blob as NonNullable<typeof blob>)));
  const found = missingContents(expected, await countContents(instance), false);
  expect(found.join("\n")).toMatch(
    /^public\.svg_marker: expected 2 rows, found none\nindexes: .*\nconstraints: .*\nfiles: expected 13, found 12\nfileBytes: /,
  );
  expect(missingContents(expected, await countContents(instance), true)).toHaveLength(3);
});
