import { rmSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fingerprint, fingerprintInstance } from "../../../src/demo/fingerprint.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";
import { restoreLikeNgw } from "../../fixtures/read-like-ngw.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, backupTo, blobFile, largeTablesSql, realDifferences, removeBlob, sql } from "./changes.ts";

/** Archives of a chain with what the instance held when each was made. */
interface Link {
  path: string;
  held: Fingerprint;
}

let instance: TestInstance;
let folder: string;
const chain: Link[] = [];

beforeAll(async () => {
  instance = await createTestInstance();
  folder = instance.backupFolder;
  await mkdir(folder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(instance, largeTablesSql, "VACUUM ANALYZE");
  const kept = await addBlob(instance, 3_000_000);
  const dropped = await addBlob(instance, 70_000);
  await addBlob(instance, 0);
  const add = async (name: string, ...flags: string[]): Promise<void> => {
    const path = await backupTo(instance, join(folder, name), ...flags);
    chain.push({ path, held: await instance.fingerprint() });
  };
  await add("full.ngwbackup");
  // Changes in one place, and everything that can become of a table.
  await sql(
    instance,
    "UPDATE large SET name = name || '!' WHERE id BETWEEN 700000 AND 703000",
    "DELETE FROM large WHERE id BETWEEN 200000 AND 201000",
    "INSERT INTO large VALUES (5, 'between', 1), (99999999, 'behind', 2)",
    "UPDATE apart SET value = 'short' WHERE id = 700",
    "INSERT INTO small_one VALUES (3, 'three')",
    "SELECT lo_put(4711, 1200000, 'changed'), lo_put(4712, 0, 'longer')",
    "DROP TABLE gone; CREATE TABLE fresh (id integer); INSERT INTO fresh VALUES (1)",
    "ALTER TABLE small_two ADD COLUMN more text DEFAULT 'x'",
  );
  await removeBlob(instance, dropped);
  await addBlob(instance, 90_000);
  await add("second.ngwbackup", "--base", join(folder, "full.ngwbackup"));
  await sql(
    instance,
    "INSERT INTO large SELECT 100000000 + n, 'more', n FROM generate_series(1, 3000) n",
    "VACUUM FULL large",
    "CLUSTER apart USING apart_pkey",
  );
  rmSync(blobFile(instance, kept));
  await add("third.ngwbackup", "--base", "latest");
  await sql(instance, "ALTER TABLE small_one RENAME TO small_renamed", "DELETE FROM doubled WHERE ctid < '(3,1)'");
  await addBlob(instance, 5_000_000);
  await add("fourth.ngwbackup", "--base", "latest");
  // The file that was missing is in every archive, since the first one has it.
  for (const { held } of chain.slice(2)) held.blobs = { ...held.blobs, ...missing(kept) };
}, 300_000);
afterAll(() => instance.drop());

/** What a restore brings back of a file that was lost after the first archive. */
function missing(uuid: string): Fingerprint["blobs"] {
  const name = join("extra", uuid.slice(0, 2), uuid.slice(2, 4), uuid);
  const found = chain[0]?.held.blobs[name];
  if (found === undefined) throw new Error(`${name} was never there`);
  return { [name]: found };
}

describe("a chain of archives", () => {
  test("holds little beside the first one", () => {
    const [full, ...others] = chain.map(({ path }) => statSync(path).size);
    expect(others[0]).toBeLessThan(full! * 0.25);
    // A table that was written anew, in the same order, is found again.
    expect(others[1]).toBeLessThan(full! * 0.25);
  });

  test("is sound, each of them, which list and inspect show", async () => {
    const paths = chain.map(({ path }) => path);
    const verified = await runCli(["verify", ...paths]);
    expect(verified).toMatchObject({ exitCode: 0, stdout: paths.map((path) => `ok ${path}\n`).join("") });
    const listed = JSON.parse((await runCli(["list", "--json", folder])).stdout) as {
      archives: { path: string; incremental: boolean; base: string[]; state: string }[];
    };
    expect(listed.archives.map(({ path, incremental, state }) => [path, incremental, state])).toEqual(
      paths.toReversed().map((path) => [path, path !== paths[0], "complete"]),
    );
    expect(listed.archives[0]?.base).toContain("full.ngwbackup");
    const inspected = await runCli(["inspect", paths[3]!]);
    expect(inspected.stdout).toMatch(
      /^refers to +third\.ngwbackup of .*\nrefers to +second\.ngwbackup .*\nrefers to +full/m,
    );
  });

  test.each([3, 1, 2])("gives back what the instance held at archive %i", async (index) => {
    const { path, held } = chain[index]!;
    const way = index === 2 ? [] : ["--in-place"];
    const restored = await runCli(["restore", ...instance.config, ...way, "--keep-previous", "0", "--yes", path]);
    expect(restored).toMatchObject({ exitCode: 0, stdout: "" });
    expect(realDifferences(held, await instance.fingerprint())).toEqual([]);
  });

  test("becomes one archive that stands for itself, and needs neither the others nor a database", async () => {
    const elsewhere = await tempFolder();
    const { path, held } = chain[3]!;
    const full = join(elsewhere, "one.ngwbackup");
    expect(await runCli(["consolidate", path, full])).toMatchObject({ exitCode: 0, stdout: `${full}\n` });
    expect(statSync(full).mode & 0o777).toBe(0o600);
    expect(await runCli(["verify", full])).toMatchObject({ exitCode: 0 });
    expect((await runCli(["inspect", full])).stdout).not.toContain("refers to");
    const restored = await runCli(["restore", ...instance.config, "--keep-previous", "0", "--yes", full]);
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(realDifferences(held, await instance.fingerprint())).toEqual([]);
    // It serves as the base of the next.
    const next = await backupTo(instance, join(elsewhere, "next.ngwbackup"), "--base", full);
    expect(statSync(next).size).toBeLessThan(statSync(full).size * 0.2);
    expect(await runCli(["verify", next])).toMatchObject({ exitCode: 0 });
  });

  test.each(["deflate", "none"])("becomes one with compression %s, which NextGIS Web reads", async (compression) => {
    const target = await createTestDatabase();
    const elsewhere = await tempFolder();
    try {
      const { path, held } = chain[3]!;
      const archive = join(elsewhere, "one.ngwbackup");
      const flags = ["--compression", compression];
      expect(await runCli(["consolidate", ...flags, path, archive])).toMatchObject({ exitCode: 0 });
      expect(await runCli(["verify", archive])).toMatchObject({ exitCode: 0 });
      const [fileStoragePath, fontPath] = [join(elsewhere, "file_storage"), join(elsewhere, "fonts")];
      await restoreLikeNgw({ archive, settings: target.settings, fileStoragePath, fontPath });
      const found = await fingerprintInstance(target.admin, fileStoragePath, fontPath);
      expect(realDifferences(held, found)).toEqual([]);
    } finally {
      await target.drop();
    }
  });
});
