import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../../src/demo/differences.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { checkOneMoment } from "../../../src/demo/one-moment.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { startWriters } from "../../../src/demo/writers.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createTestInstance } from "../../fixtures/test-instance.ts";

describe("a backup of a busy instance", () => {
  test("is of one moment: rows, blobs, counters, foreign keys", async () => {
    const source = await createTestInstance();
    const target = await createTestInstance();
    try {
      await createInstance({ settings: source.database.settings, sdir: source.sdir, scale: tinyScale });
      for (let round = 0; round < 3; round += 1) {
        const writers = await startWriters({
          settings: source.database.settings,
          fileStoragePath: join(source.sdir, "file_storage"),
        });
        const backup = await runCli([
          "backup",
          ...source.config,
          "--one-shot",
          join(source.folder, `${round}.ngwbackup`),
        ]);
        const done = await writers.stop();
        expect(backup).toMatchObject({ exitCode: 0 });
        expect(done.uploads).toBeGreaterThan(0);
        const restored = await runCli([
          "restore",
          ...target.config,
          "--in-place",
          "--keep-previous",
          "0",
          backup.stdout.trim(),
        ]);
        expect(restored).toMatchObject({ exitCode: 0 });
        const moment = await checkOneMoment(target.database.settings, join(target.sdir, "file_storage"));
        expect(moment.faults).toEqual([]);
        expect(moment.counters).toBeGreaterThan(0);
      }
    } finally {
      await source.drop();
      await target.drop();
    }
  }, 120_000);

  test("a table of many pieces, a row of 40 MB, large objects and unknown schemas come back", async () => {
    const source = await createTestInstance();
    const target = await createTestInstance();
    try {
      await withClient(source.database.settings, async (client) => {
        await client.query(`
          create schema extra;
          create table extra.many (id integer primary key, text text, doubled integer generated always as (id * 2) stored);
          insert into extra.many (id, text) select i, repeat(md5(i::text), 12) from generate_series(1, 150000) i;
          create table extra.wide (id integer, body text);
          insert into extra.wide values (1, repeat('0123456789', 4000000)), (2, null);
          create table extra."odd "" name" ();
          insert into extra."odd "" name" default values;
          create view extra.seen as select count(*) from extra.many`);
        await client.query("select lo_from_bytea(0, decode(repeat('ab', 3000000), 'hex')), lo_from_bytea(0, '')");
      });
      const backup = await runCli(["backup", ...source.config, "--jobs", "3"]);
      expect(backup).toMatchObject({ exitCode: 0 });
      expect(await runCli(["verify", backup.stdout.trim()])).toMatchObject({ exitCode: 0 });
      const args = ["restore", ...target.config, "--keep-previous", "0", "--jobs", "3", backup.stdout.trim()];
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
      expect(differences(afterRestore(await source.fingerprint()), await target.fingerprint())).toEqual([]);
      await withClient(target.database.settings, async (client) => {
        expect((await client.query("select * from extra.seen")).rows).toEqual([{ count: "150000" }]);
      });
    } finally {
      await source.drop();
      await target.drop();
    }
  }, 120_000);
});

/** A file system of a few MB, where we may mount one. */
function mountSmall(folder: string, sizeBytes: number): boolean {
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", folder]);
  return mounted.status === 0;
}

describe("a full disk", () => {
  test("stops a backup with the path, and leaves nothing", async ({ skip }) => {
    const source = await createTestInstance();
    const folder = join(await tempFolder(), "small");
    try {
      if (!mountSmall(folder, 600_000)) return skip("file systems cannot be mounted here");
      await createInstance({
        settings: source.database.settings,
        sdir: source.sdir,
        scale: { ...tinyScale, rasters: [{ sizeBytes: 1_000_000, compressible: false }] },
      });
      // Enough by half, so that the preflight only warns, and not enough in the end.
      const result = await runCli(["backup", ...source.config, folder]);
      expect(result.stdout).toBe("");
      expect([1, 4]).toContain(result.exitCode);
      expect(result.stderr).toContain(folder);
      expect(readdirSync(folder)).toEqual([]);
      expect(readdirSync(source.sdir)).not.toContain("ngwbackup");
    } finally {
      spawnSync("umount", [folder]);
      await source.drop();
    }
  });

  test("of the blobs stops a restore before anything is touched", async ({ skip }) => {
    const source = await createTestInstance();
    const folder = join(await tempFolder(), "small");
    if (!mountSmall(folder, 300_000)) {
      await source.drop();
      return skip("file systems cannot be mounted here");
    }
    const target = await createTestInstance({ extraConfig: `[file_storage]\npath = ${join(folder, "file_storage")}` });
    try {
      await createInstance({ settings: source.database.settings, sdir: source.sdir, scale: tinyScale });
      const backup = await runCli(["backup", ...source.config]);
      const result = await runCli(["restore", ...target.config, backup.stdout.trim()]);
      expect(result).toMatchObject({ exitCode: 4, stdout: "" });
      expect(result.stderr).toContain("not enough space");
      expect((await target.fingerprint()).tables).toEqual({});
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      spawnSync("umount", [folder]);
      await source.drop();
      await target.drop();
    }
  });
});
